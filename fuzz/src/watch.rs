//! Panics that the module catches at its border to C are as much a fault as those that it lets through.

use std::cell::RefCell;
use std::panic;
use std::sync::Once;

thread_local! {
    static SEEN: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `body`, and panics if anything in it did, even if that was caught on its way.
pub fn for_panics(body: impl FnOnce()) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let inner = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            SEEN.with_borrow_mut(|seen| *seen = Some(info.to_string()));
            inner(info);
        }));
    });
    SEEN.take();
    body();
    if let Some(caught) = SEEN.take() {
        panic!("a panic inside the module: {caught}");
    }
}
