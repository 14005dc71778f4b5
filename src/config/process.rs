//! Facts about the process, as Linux states them in /proc: the calls of the C library would need `unsafe`.

use std::fs;

/// The effective user of the process.
pub(crate) fn effective_user() -> Option<u32> {
    effective_user_in(&fs::read_to_string("/proc/self/status").ok()?)
}

/// The second number in the line of users in /proc/PID/status: real, effective, saved, file system (proc_pid_status(5)).
fn effective_user_in(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Whether the file system of this device (st_dev) has no disk behind it, as proc_pid_mountinfo(5) tells.
pub(crate) fn is_in_memory(device: u64) -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo");
    mounts.is_ok_and(|mounts| is_mounted_in_memory(&mounts, device))
}

fn is_mounted_in_memory(mounts: &str, device: u64) -> bool {
    let device = format!("{}:{}", libc::major(device), libc::minor(device));
    mounts.lines().any(|mount| {
        let mut before = mount.split(' ');
        let mut after = mount.split(" - ").last().unwrap_or_default().split(' ');
        before.nth(2) == Some(&device) && matches!(after.next(), Some("tmpfs" | "ramfs"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effective_user_is_the_second_of_four() {
        assert_eq!(
            effective_user_in("Name:\tx\nUid:\t1000\t42\t0\t42\nGid:\t7\t8\t9\t10\n"),
            Some(42)
        );
        for odd in ["", "Name:\tx\n", "Uid:\t1000\n", "Uid:\t1000\troot\n"] {
            assert_eq!(effective_user_in(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn a_file_system_in_memory_is_known_by_its_device() {
        const MOUNTS: &str = "\
22 28 0:21 / /proc rw,nosuid shared:12 - proc proc rw\n\
25 28 0:24 / /run rw,nosuid shared:5 - tmpfs tmpfs rw,size=402364k\n\
28 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
61 25 0:52 / /run/user/1000 rw,nosuid - tmpfs tmpfs rw,mode=700\n\
62 28 259:2 / /srv/a\\040-\\040tmpfs rw - xfs /dev/nvme0n1 rw\n";
        for (major, minor, in_memory) in [
            (0, 24, true),
            (0, 52, true),
            (8, 1, false),
            (259, 2, false),
            (0, 5, false),
        ] {
            let device = libc::makedev(major, minor);
            assert_eq!(is_mounted_in_memory(MOUNTS, device), in_memory, "{major}:{minor}");
        }
        assert!(!is_mounted_in_memory("", 0));
        assert!(!is_mounted_in_memory("0:0 - tmpfs", 0));
    }

    #[test]
    fn the_effective_user_owns_new_files() {
        let own_file = tempfile_owner();
        assert_eq!(effective_user(), Some(own_file));
    }

    fn tempfile_owner() -> u32 {
        use std::os::unix::fs::MetadataExt;
        let path = std::env::temp_dir().join(format!("cpx-pkcs11-owner-{}", std::process::id()));
        fs::write(&path, "").unwrap();
        let owner = fs::metadata(&path).unwrap().uid();
        fs::remove_file(&path).unwrap();
        owner
    }
}
