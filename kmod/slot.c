// SPDX-License-Identifier: GPL-2.0
/*
 * The slots shared with user space.
 *
 * One vmalloc_user area per domain, so that the kernel reads and writes it without
 * faulting, under any lock.  User space may write any value at any time: whatever
 * is read here is read once and is never an index, a length or a pointer.
 */
#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

#include "internal.h"

static_assert(sizeof(struct gosched_header) == 64);
static_assert(sizeof(struct gosched_pslot) == 64);
static_assert(sizeof(struct gosched_mslot) == 64);
static_assert(offsetof(struct gosched_header, attention) == 28);
static_assert(offsetof(struct gosched_pslot, deadline) == 8);
static_assert(offsetof(struct gosched_mslot, goroutine) == 16);

static u32 gs_slot_pslot_offset(void)
{
	return sizeof(struct gosched_header);
}

static u32 gs_slot_mslot_offset(const struct gs_domain *d)
{
	return gs_slot_pslot_offset() + d->max_procs * sizeof(struct gosched_pslot);
}

struct gosched_pslot *gs_slot_proc(struct gs_domain *d, u32 id)
{
	return (void *)d->header + gs_slot_pslot_offset() + id * sizeof(struct gosched_pslot);
}

struct gosched_mslot *gs_slot_machine(struct gs_domain *d, u32 id)
{
	return (void *)d->header + gs_slot_mslot_offset(d) + id * sizeof(struct gosched_mslot);
}

int gs_slot_alloc(struct gs_domain *d)
{
	u32 i;

	d->map_size = PAGE_ALIGN(gs_slot_mslot_offset(d) +
				 d->max_machines * sizeof(struct gosched_mslot));
	d->header = vmalloc_user(d->map_size);
	if (!d->header)
		return -ENOMEM;

	d->header->pslot_offset = gs_slot_pslot_offset();
	d->header->mslot_offset = gs_slot_mslot_offset(d);
	for (i = 0; i < d->max_machines; i++)
		gs_slot_machine(d, i)->proc = GOSCHED_NO_PROC;
	return 0;
}

void gs_slot_free(struct gs_domain *d)
{
	vfree(d->header);
}

int gs_slot_mmap(struct gs_domain *d, struct vm_area_struct *vma)
{
	if (!gs_domain_is_mine(d))
		return -EPERM;
	/* Pairs with the release in gs_domain_setup(). */
	if (smp_load_acquire(&d->state) == GS_DOMAIN_NEW)
		return -ENXIO;
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != d->map_size)
		return -EINVAL;
	if (!(vma->vm_flags & VM_SHARED) || (vma->vm_flags & VM_EXEC))
		return -EINVAL;

	/* A child of fork is another process: no slots for it. */
	vm_flags_mod(vma, VM_DONTCOPY | VM_DONTEXPAND, VM_MAYEXEC);
	return remap_vmalloc_range(vma, d->header, 0);
}

/* Tell user space how many P's and M's are idle, spare and waiting. */
void gs_slot_publish(struct gs_domain *d)
{
	lockdep_assert_held(&d->lock);
	WRITE_ONCE(d->header->nr_procs, d->nr_procs);
	WRITE_ONCE(d->header->idle, d->nr_idle);
	WRITE_ONCE(d->header->spares, d->nr_spares);
	WRITE_ONCE(d->header->waiting, d->nr_waiting);
}

/*
 * Does user space say that a P could be used, were it given to a spare M?
 * Goroutines in queues, timers that are due, I/O that nobody looks after.
 */
bool gs_slot_has_work(struct gs_domain *d)
{
	u64 first = U64_MAX;
	u32 i;

	if (READ_ONCE(d->header->runnable) || READ_ONCE(d->header->attention))
		return true;
	for (i = 0; i < d->max_procs; i++) {
		const struct gosched_pslot *slot = gs_slot_proc(d, i);
		u64 deadline = READ_ONCE(slot->deadline);

		if (READ_ONCE(slot->runnable))
			return true;
		if (deadline)
			first = min(first, deadline);
	}
	return first != U64_MAX && first <= ktime_get_mono_fast_ns();
}
