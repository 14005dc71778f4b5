//! A child process that does one thing, so that a crash, a limit or a clock is its alone.

/// Time that a child has, in seconds: it must end even where it waits for a lock that is never
/// given back.
const PATIENCE: u32 = 120;

/// Runs `child` in a forked child and gives its wait status; 0 when it ended with `true`.
pub fn status_of(child: impl FnOnce() -> bool) -> libc::c_int {
    // SAFETY: the child runs nothing but `child` and _exit; the alarm kills it where it hangs.
    unsafe {
        let pid = libc::fork();
        assert!(pid >= 0, "fork");
        if pid == 0 {
            libc::alarm(PATIENCE);
            libc::_exit(if child() { 0 } else { 1 });
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(pid, &mut status, 0), pid);
        status
    }
}

/// Runs `child` in a forked child, which must end with `true`.
#[track_caller]
pub fn forked(child: impl FnOnce() -> bool) {
    let status = status_of(child);
    assert_eq!(status, 0, "the child ended with status {status:#x}");
}
