// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/gosched: open, release, mmap and the two entries for commands.
 */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "internal.h"

static int gs_open(struct inode *inode, struct file *file)
{
	struct gs_domain *d = gs_domain_alloc();

	if (IS_ERR(d))
		return PTR_ERR(d);
	file->private_data = d;
	return 0;
}

static int gs_release(struct inode *inode, struct file *file)
{
	gs_domain_close(file->private_data);
	return 0;
}

static int gs_mmap(struct file *file, struct vm_area_struct *vma)
{
	return gs_slot_mmap(file->private_data, vma);
}

static long gs_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return gs_cmd_run(file, cmd, (void __user *)arg);
}

static const struct file_operations gs_fops = {
	.owner		= THIS_MODULE,
	.open		= gs_open,
	.release	= gs_release,
	.mmap		= gs_mmap,
	.unlocked_ioctl	= gs_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.uring_cmd	= gs_uring_cmd,
};

static struct miscdevice gs_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "gosched",
	.fops	= &gs_fops,
	.mode	= 0660,
};

int gs_dev_init(void)
{
	return misc_register(&gs_misc);
}

void gs_dev_exit(void)
{
	misc_deregister(&gs_misc);
}
