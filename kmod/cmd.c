// SPDX-License-Identifier: GPL-2.0
/*
 * The commands: a table, one function each, and the checks of their arguments.
 *
 * Arguments are copied in once, checked whole, and only then acted on, so that a
 * command that fails has changed nothing.
 */
#include <kunit/visibility.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "internal.h"

/* Sizes of the first version: anything shorter is no valid argument. */
#define GS_FEATURES_SIZE0	40
#define GS_SETUP_SIZE0		40
#define GS_REGISTER_SIZE0	32
#define GS_PLAIN_SIZE0		16
#define GS_PROCS_SIZE0		16

static_assert(sizeof(struct gosched_features) == GS_FEATURES_SIZE0);
static_assert(sizeof(struct gosched_setup) == GS_SETUP_SIZE0);
static_assert(sizeof(struct gosched_register) == GS_REGISTER_SIZE0);
static_assert(sizeof(struct gosched_plain) == GS_PLAIN_SIZE0);
static_assert(sizeof(struct gosched_procs) == GS_PROCS_SIZE0);

int gs_cmd_check_plain(const struct gosched_plain *arg, u32 flags)
{
	return (arg->flags & ~flags) || arg->reserved ? -EINVAL : 0;
}
EXPORT_SYMBOL_IF_KUNIT(gs_cmd_check_plain);

int gs_cmd_check_setup(const struct gosched_setup *arg)
{
	u32 max_procs = arg->max_procs ?: arg->nr_procs;

	if (arg->flags || arg->reserved)
		return -EINVAL;
	if (!arg->nr_procs || arg->nr_procs > max_procs || max_procs > GOSCHED_MAX_PROCS)
		return -EINVAL;
	if (!arg->max_machines || arg->max_machines > GOSCHED_MAX_MACHINES)
		return -EINVAL;
	if (arg->slice_ns && (arg->slice_ns < GOSCHED_MIN_SLICE_NS ||
			      arg->slice_ns > GOSCHED_MAX_SLICE_NS))
		return -EINVAL;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(gs_cmd_check_setup);

int gs_cmd_check_register(const struct gosched_register *arg)
{
	if (arg->flags || arg->reserved)
		return -EINVAL;
	if (!arg->retire_ip != !arg->retire_sp)
		return -EINVAL;
	if (arg->retire_ip >= TASK_SIZE_MAX || arg->retire_sp >= TASK_SIZE_MAX)
		return -EINVAL;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(gs_cmd_check_register);

/* The M of the calling thread in @d, or NULL. */
static struct gs_machine *gs_cmd_machine(struct gs_domain *d)
{
	struct gs_machine *m = gs_machine_self();

	return m && m->domain == d ? m : NULL;
}

/* A command on a domain without P's says ENXIO. */
static bool gs_cmd_is_set_up(struct gs_domain *d)
{
	/* Pairs with the release in gs_domain_setup(). */
	return smp_load_acquire(&d->state) != GS_DOMAIN_NEW;
}

static int gs_cmd_features(struct gs_domain *d, void *data)
{
	struct gosched_features *arg = data;

	if (arg->flags)
		return -EINVAL;
	arg->features = GOSCHED_FEAT_ALL;
	arg->max_procs = GOSCHED_MAX_PROCS;
	arg->max_machines = GOSCHED_MAX_MACHINES;
	arg->min_slice_ns = GOSCHED_MIN_SLICE_NS;
	arg->max_slice_ns = GOSCHED_MAX_SLICE_NS;
	return 0;
}

static int gs_cmd_setup(struct gs_domain *d, void *data)
{
	struct gosched_setup *arg = data;
	int ret = gs_cmd_check_setup(arg);

	return ret ?: gs_domain_setup(d, arg);
}

static int gs_cmd_register(struct gs_domain *d, void *data)
{
	struct gosched_register *arg = data;
	int ret = gs_cmd_check_register(arg);

	if (ret)
		return ret;
	if (!gs_cmd_is_set_up(d))
		return -ENXIO;
	return gs_machine_register(d, arg);
}

static int gs_cmd_unregister(struct gs_domain *d, void *data)
{
	int ret = gs_cmd_check_plain(data, 0);
	struct gs_machine *m;

	if (ret)
		return ret;
	m = gs_cmd_machine(d);
	if (!m)
		return -ENXIO;
	gs_machine_detach(m);
	return 0;
}

static int gs_cmd_wait(struct gs_domain *d, void *data)
{
	int ret = gs_cmd_check_plain(data, 0);
	struct gs_machine *m;

	if (ret)
		return ret;
	m = gs_cmd_machine(d);
	return m ? gs_machine_wait(m) : -ENXIO;
}

static int gs_cmd_yield(struct gs_domain *d, void *data)
{
	int ret = gs_cmd_check_plain(data, 0);
	struct gs_machine *m;

	if (ret)
		return ret;
	m = gs_cmd_machine(d);
	return m ? gs_machine_yield(m) : -ENXIO;
}

static int gs_cmd_ring(struct gs_domain *d, void *data)
{
	int ret = gs_cmd_check_plain(data, 0);

	if (ret)
		return ret;
	if (!gs_cmd_is_set_up(d))
		return -ENXIO;
	return gs_domain_ring(d);
}

static int gs_cmd_shutdown(struct gs_domain *d, void *data)
{
	const struct gosched_plain *arg = data;
	int ret = gs_cmd_check_plain(arg, GOSCHED_SHUTDOWN_RETIRE);

	if (ret)
		return ret;
	if (!gs_cmd_is_set_up(d))
		return -ENXIO;
	gs_domain_shutdown(d, arg->flags & GOSCHED_SHUTDOWN_RETIRE);
	return 0;
}

static int gs_cmd_procs(struct gs_domain *d, void *data)
{
	struct gosched_procs *arg = data;

	if (arg->flags || arg->reserved)
		return -EINVAL;
	if (!gs_cmd_is_set_up(d))
		return -ENXIO;
	return gs_domain_set_procs(d, &arg->nr_procs);
}

/**
 * struct gs_cmd - a command.
 * @run:    does it; the argument is a copy, copied back when @cmd says so.
 * @number: as in the header.
 * @size:   of its argument as this module knows it.
 * @size0:  of its argument in the first version.
 * @anyone: not only for the process that opened the device.
 */
struct gs_cmd {
	int (*run)(struct gs_domain *d, void *arg);
	unsigned int number;
	u16 size;
	u16 size0;
	bool anyone;
};

#define GS_CMD(name, type, first, ...)				\
	[_IOC_NR(GOSCHED_IOC_##name)] = {			\
		.number = GOSCHED_IOC_##name,			\
		.size = sizeof(struct type),			\
		.size0 = (first),				\
		__VA_ARGS__					\
	}

static const struct gs_cmd gs_cmds[] = {
	GS_CMD(FEATURES,   gosched_features, GS_FEATURES_SIZE0, .run = gs_cmd_features,
	       .anyone = true),
	GS_CMD(SETUP,	   gosched_setup,    GS_SETUP_SIZE0,	.run = gs_cmd_setup),
	GS_CMD(REGISTER,   gosched_register, GS_REGISTER_SIZE0, .run = gs_cmd_register),
	GS_CMD(UNREGISTER, gosched_plain,    GS_PLAIN_SIZE0,	.run = gs_cmd_unregister),
	GS_CMD(WAIT,	   gosched_plain,    GS_PLAIN_SIZE0,	.run = gs_cmd_wait),
	GS_CMD(YIELD,	   gosched_plain,    GS_PLAIN_SIZE0,	.run = gs_cmd_yield),
	GS_CMD(RING,	   gosched_plain,    GS_PLAIN_SIZE0,	.run = gs_cmd_ring),
	GS_CMD(SHUTDOWN,   gosched_plain,    GS_PLAIN_SIZE0,	.run = gs_cmd_shutdown),
	GS_CMD(PROCS,	   gosched_procs,    GS_PROCS_SIZE0,	.run = gs_cmd_procs),
};

/* Large enough for any argument. */
union gs_cmd_arg {
	u32 size;
	struct gosched_features features;
	struct gosched_setup setup;
	struct gosched_register reg;
	struct gosched_plain plain;
	struct gosched_procs procs;
};

static const struct gs_cmd *gs_cmd_find(unsigned int number)
{
	unsigned int nr = _IOC_NR(number);

	if (nr >= ARRAY_SIZE(gs_cmds))
		return NULL;
	nr = array_index_nospec(nr, ARRAY_SIZE(gs_cmds));
	return gs_cmds[nr].number == number ? &gs_cmds[nr] : NULL;
}

long gs_cmd_run(struct file *file, unsigned int number, void __user *user)
{
	const struct gs_cmd *cmd = gs_cmd_find(number);
	struct gs_domain *d = file->private_data;
	union gs_cmd_arg arg;
	bool answers;
	u32 size;
	int ret;

	if (!cmd)
		return -ENOTTY;
	if (!cmd->anyone && !gs_domain_is_mine(d))
		return -EPERM;
	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < cmd->size0)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(&arg, cmd->size, user, size);
	if (ret)
		return ret;
	/* It may have changed since it was looked at: what counts is what was copied by. */
	arg.size = size;

	/* An answer that cannot be written is to be known before anything is done. */
	answers = _IOC_DIR(number) & _IOC_READ;
	if (answers && copy_to_user(user, &arg, min_t(u32, size, cmd->size)))
		return -EFAULT;

	ret = cmd->run(d, &arg);
	if (!ret && answers && copy_to_user(user, &arg, min_t(u32, size, cmd->size)))
		return -EFAULT;
	return ret;
}
