//! Facts about the process, as Linux states them in /proc: the calls of the C library would need `unsafe`.

use std::fs;

/// Whether the process has rights that its user does not have, so that what this user says must not be obeyed. The kernel's own
/// answer is AT_SECURE of the auxiliary vector (getauxval(3)): setuid, setgid, file capabilities, a security module. A process that
/// made itself undumpable cannot read its vector; then its identities decide. Whoever cannot be judged counts as privileged.
pub(super) fn is_privileged() -> bool {
    let vector = fs::read("/proc/self/auxv").ok();
    let secure = vector.and_then(|vector| at_secure(&vector));
    secure.or_else(|| identities_differ(&status()?)).unwrap_or(true)
}

/// The effective user of the process.
pub(crate) fn effective_user() -> Option<u32> {
    identities(&status()?, "Uid:")?.get(1).copied()
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

fn status() -> Option<String> {
    fs::read_to_string("/proc/self/status").ok()
}

/// AT_SECURE of an auxiliary vector: pairs of machine words, type and value.
fn at_secure(vector: &[u8]) -> Option<bool> {
    const WORD: usize = size_of::<usize>();
    let (words, _) = vector.as_chunks::<WORD>();
    let (pairs, _) = words.as_chunks::<2>();
    pairs
        .iter()
        .map(|[kind, value]| (usize::from_ne_bytes(*kind), usize::from_ne_bytes(*value)))
        .find(|(kind, _)| *kind == libc::AT_SECURE as usize)
        .map(|(_, value)| value != 0)
}

/// Whether the real, effective, saved and file system identities of a /proc/PID/status are not all the same.
fn identities_differ(status: &str) -> Option<bool> {
    let differ = |of: [u32; 4]| of.iter().any(|one| *one != of[0]);
    Some(differ(identities(status, "Uid:")?) || differ(identities(status, "Gid:")?))
}

/// The four numbers of a `Uid:` or `Gid:` line: real, effective, saved, file system (proc_pid_status(5)).
fn identities(status: &str, label: &str) -> Option<[u32; 4]> {
    let line = status.lines().find_map(|line| line.strip_prefix(label))?;
    let numbers: Vec<u32> = line
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    numbers.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(entries: &[(u64, u64)]) -> Vec<u8> {
        let words = entries.iter().flat_map(|(kind, value)| [*kind, *value]);
        words.flat_map(|word| (word as usize).to_ne_bytes()).collect()
    }

    #[test]
    fn the_kernel_says_whether_the_process_is_privileged() {
        let (page_size, end) = ((libc::AT_PAGESZ, 4096), (libc::AT_NULL, 0));
        assert_eq!(
            at_secure(&vector(&[page_size, (libc::AT_SECURE, 1), end])),
            Some(true)
        );
        assert_eq!(
            at_secure(&vector(&[page_size, (libc::AT_SECURE, 0), end])),
            Some(false)
        );
        assert_eq!(at_secure(&vector(&[page_size, end])), None);
        assert_eq!(at_secure(&[0x17, 0, 0]), None);
    }

    #[test]
    fn identities_of_a_process() {
        let status = |uid: &str, gid: &str| format!("Name:\tx\nUid:\t{uid}\nGid:\t{gid}\nGroups:\t0\n");
        let differ = |uid: &str, gid: &str| identities_differ(&status(uid, gid));
        let own = "1000\t1000\t1000\t1000";
        assert_eq!(differ(own, own), Some(false));
        assert_eq!(differ("1000\t0\t0\t0", own), Some(true));
        assert_eq!(
            differ("1000\t1000\t0\t1000", own),
            Some(true),
            "rights laid down for a while"
        );
        assert_eq!(differ(own, "1000\t42\t42\t42"), Some(true));
        assert_eq!(differ("1000\t1000", own), None);
        assert_eq!(differ("", own), None);
        assert_eq!(identities_differ("Name:\tx\n"), None);
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
    fn this_process_is_an_ordinary_one() {
        assert!(!is_privileged());
        assert_eq!(identities_differ(&status().unwrap()), Some(false));
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
