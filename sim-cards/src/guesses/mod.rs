//! Everything that no observation of a real card confirms. **No client may rely on anything that stands here.**
//!
//! The rest of the crate takes these values from here and from nowhere else, so that a real value replaces a guessed
//! one in one line. What a real card holds can also be given to one persona without touching code: the `[[object]]`
//! of its file (see `personas/README.md`).
//!
//! | Module | What is guessed |
//! |---|---|
//! | [`files`] | numbers of the files that real cards name in their directories only |
//! | [`chips`] | rules, limits and answers of the chips that nobody asked for |
//! | [`certificates`] | who issues what, policies, the number of the card |
//! | `data` | the fields inside the data objects |
//! | `vitale` | numbers and names of the files of a Vitale 2 |

pub mod certificates;
pub mod chips;
pub(crate) mod data;
pub mod files;
pub(crate) mod vitale;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push(path);
            }
        }
    }

    /// Whoever guesses says so, and says it here.
    #[test]
    fn no_other_module_guesses() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = Vec::new();
        sources(&root, &mut files);
        assert!(files.len() > 20);
        for file in files
            .iter()
            .filter(|file| !file.starts_with(root.join("guesses")))
        {
            for line in fs::read_to_string(file).unwrap().lines() {
                let line = line.to_lowercase().replace("guesses", "");
                assert!(!line.contains("guess"), "{}: {line}", file.display());
            }
        }
    }
}
