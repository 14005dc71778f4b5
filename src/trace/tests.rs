//! Which files are written to and which are refused. What is written stands in `tests/trace.rs`,
//! which has a process of its own.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::file::TraceFile;
use super::*;

/// A directory of one test, removed with it.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cpx-pkcs11-trace-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_new_file_is_for_its_user_alone_and_grows_at_its_end() {
    let directory = Directory::new("new");
    let path = directory.path("trace.log");
    let file = TraceFile::of_process(&path);
    file.append(b"one\n").unwrap();
    file.append(b"two\n").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"one\ntwo\n");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    fs::rename(&path, directory.path("trace.log.1")).unwrap();
    file.append(b"three\n").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"three\n");
}

#[test]
fn a_file_that_others_may_have_prepared_is_refused() {
    let directory = Directory::new("prepared");
    let refused = |name: &str| {
        let file = TraceFile::of_process(&directory.path(name));
        file.append(b"line\n").map_err(|error| error.kind())
    };
    let target = directory.path("target");
    fs::write(&target, "").unwrap();
    symlink(&target, directory.path("symlink")).unwrap();
    assert!(refused("symlink").is_err());
    assert_eq!(refused("target"), Ok(()));

    fs::hard_link(&target, directory.path("hard")).unwrap();
    assert_eq!(refused("hard"), Err(ErrorKind::PermissionDenied));
    fs::remove_file(directory.path("hard")).unwrap();

    fs::set_permissions(&target, fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(refused("target"), Err(ErrorKind::PermissionDenied));
    assert_eq!(fs::read(&target).unwrap(), b"line\n");

    fs::create_dir(directory.path("directory")).unwrap();
    assert!(refused("directory").is_err());
    assert!(
        TraceFile::of_process(Path::new("/dev/full"))
            .append(b"line\n")
            .is_err()
    );
    assert_eq!(
        TraceFile::of_process(Path::new("/dev/null"))
            .append(b"")
            .map_err(|e| e.kind()),
        Err(ErrorKind::PermissionDenied)
    );
}

#[test]
fn a_file_of_another_user_is_refused() {
    let directory = Directory::new("foreign");
    let path = directory.path("trace.log");
    let owner = TraceFile::of_process(&path);
    owner.append(b"").unwrap();
    let other = owner.of_user(effective_user_but_one());
    assert_eq!(
        other.append(b"line\n").map_err(|error| error.kind()),
        Err(ErrorKind::PermissionDenied)
    );
    assert_eq!(fs::read(&path).unwrap(), b"");
}

fn effective_user_but_one() -> u32 {
    crate::system::effective_user().wrapping_add(1)
}

#[test]
fn lines_of_many_threads_do_not_mix() {
    let directory = Directory::new("threads");
    let path = directory.path("trace.log");
    let tracer = Tracer::new();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (tracer, path) = (&tracer, &path);
            scope.spawn(move || {
                tracer.write_to(Sink::open(&Destination::File(path.clone())).unwrap());
                let line = format!("{thread}").repeat(200) + "\n";
                (0..50).for_each(|_| {
                    tracer
                        .entries()
                        .next()
                        .unwrap()
                        .sink
                        .write(line.as_bytes())
                        .unwrap()
                });
            });
        }
    });
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 400);
    for line in text.lines() {
        assert_eq!(line, line[..1].repeat(200));
    }
}

#[test]
fn a_sink_is_kept_once() {
    let directory = Directory::new("sinks");
    let tracer = Tracer::new();
    for name in ["a", "b", "a", "b", "a"] {
        tracer.write_to(Sink::open(&Destination::File(directory.path(name))).unwrap());
    }
    assert_eq!(
        (tracer.entries().count(), tracer.current.load(Ordering::Relaxed)),
        (2, 0)
    );
    tracer.write_to(Sink::Stderr);
    assert_eq!(
        (tracer.entries().count(), tracer.current.load(Ordering::Relaxed)),
        (3, 2)
    );
}
