//! The house in order: which file knows which, in `src/`, `sim-cards/src` and `conformance/src`.
//!
//! A room is a source file. An arrow goes from a room to another one whose item it names, in a `use` or by a path. A
//! re-export is a signpost and not an arrow, unless its own room uses the name too: names are followed to the room in
//! which they are defined. What stands under `#[cfg(test)]` does not count. The tests print the figures of each crate; to read them:
//! `cargo test -p conformance --test house -- --nocapture`, and the arrows that close a circle stand there too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, Item, UseTree};

/// The layers of src/ from the top down. One may name what stands below it, never what stands above.
const LAYERS: [&str; 7] = ["abi", "provider", "token", "card", "pkcs15", "iso7816", "reader"];

/// The layers of sim-cards/src from the top down; `lib.rs` names what is public of them.
const LAYERS_OF_SIMULATED_CARDS: [&str; 12] = [
    "bench", "card", "chips", "options", "issuer", "pki", "line", "model", "holder", "kinds", "iso7816",
    "text",
];

/// The module's own plan, which several tests look at.
static MODULE: LazyLock<Plan> = LazyLock::new(|| Plan::read("src"));
static SIMULATED_CARDS: LazyLock<Plan> = LazyLock::new(|| Plan::read("sim-cards/src"));

#[test]
fn no_circle_in_the_module() {
    assert_eq!(MODULE.circles_told(), Vec::<String>::new());
}

#[test]
fn no_circle_in_the_simulated_cards() {
    assert_eq!(SIMULATED_CARDS.circles_told(), Vec::<String>::new());
}

#[test]
fn no_circle_in_conformance() {
    assert_eq!(Plan::read("conformance/src").circles_told(), Vec::<String>::new());
}

#[test]
fn no_layer_of_the_module_names_a_higher_one() {
    assert_eq!(MODULE.upward(&LAYERS), Vec::<String>::new());
}

/// Each file stands in a layer, and each arrow goes to the same layer or a lower one.
#[test]
fn no_layer_of_the_simulated_cards_names_a_higher_one() {
    let cards = &SIMULATED_CARDS;
    assert_eq!(cards.upward(&LAYERS_OF_SIMULATED_CARDS), Vec::<String>::new());
    let beside: Vec<&String> = cards
        .rooms
        .iter()
        .filter(|room| *room != "lib.rs" && !LAYERS_OF_SIMULATED_CARDS.contains(&layer(room)))
        .collect();
    assert_eq!(beside, Vec::<&String>::new());
}

/// What stands beside the layers (paddings, the trace, the configuration …) serves all of them and knows none.
#[test]
fn what_stands_beside_the_layers_names_none_of_them() {
    let module = &MODULE;
    let in_a_layer = |room: &str| LAYERS.contains(&layer(room));
    let named: Vec<String> = module
        .arrows
        .iter()
        .filter(|(from, to)| from != "lib.rs" && !in_a_layer(from) && in_a_layer(to))
        .map(|(from, to)| format!("{from} -> {to}"))
        .collect();
    assert_eq!(named, Vec::<String>::new());
}

/// The judge is judged: a crate with one circle of two files, one arrow through a re-export, one to a name that is passed
/// on and used, and one of tests only.
#[test]
fn a_circle_is_seen_and_a_signpost_is_none() {
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("house");
    fs::create_dir_all(place.join("pair")).unwrap();
    let file = |name: &str, text: &str| fs::write(place.join(name), text).unwrap();
    file("lib.rs", "mod pair; mod far; mod sign; pub struct Top;");
    file(
        "pair/mod.rs",
        "mod one; mod two; pub use one::One; pub use two::Two;",
    );
    file("pair/one.rs", "use super::Two; pub struct One(Two);");
    file(
        "pair/two.rs",
        "pub struct Two; fn f() { println!(\"{}\", super::one::One::NAME) }",
    );
    file(
        "sign.rs",
        "pub use crate::pair::One; pub use crate::far::f; fn g() -> One { todo!() }",
    );
    file(
        "far.rs",
        "use crate::pair; fn f() -> pair::One { todo!() } #[cfg(test)] mod tests { use crate::Top; }",
    );
    let read = Plan::read_from(&place);
    let arrows: Vec<String> = read
        .arrows
        .iter()
        .map(|(from, to)| format!("{from} -> {to}"))
        .collect();
    assert_eq!(
        arrows,
        [
            "far.rs -> pair/one.rs",
            "pair/one.rs -> pair/two.rs",
            "pair/two.rs -> pair/one.rs",
            "sign.rs -> pair/one.rs"
        ]
    );
    assert_eq!(read.circles_told(), ["pair/one.rs, pair/two.rs"]);
    assert_eq!(read.upward(&["sign", "pair", "far"]), ["far.rs -> pair/one.rs"]);
}

/// The rooms of a crate, and the arrows between them.
#[derive(Default)]
struct Plan {
    rooms: BTreeSet<String>,
    arrows: BTreeSet<(String, String)>,
}

/// The modules below a crate's root, by their paths.
#[derive(Default)]
struct Tree(BTreeMap<Vec<String>, Module>);

/// A module: the file it stands in, what it defines, and what it imports.
#[derive(Default)]
struct Module {
    file: String,
    /// Names of its items.
    defined: BTreeSet<String>,
    /// Names that its `use` declarations bind, with the path they stand for, and whether it passes them on.
    imported: BTreeMap<String, (Vec<String>, bool)>,
    /// The modules whose names it takes all, and whether it passes them on.
    globs: Vec<(Vec<String>, bool)>,
    /// Its items, without modules and tests.
    text: TokenStream,
}

impl Plan {
    /// Reads the sources in `folder` of the repository, and prints their figures.
    fn read(folder: &str) -> Self {
        let read = Self::read_from(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder));
        let (rooms, arrows, circles) = (read.rooms.len(), read.arrows.len(), read.circles().len());
        println!("{folder}: {rooms} rooms, {arrows} arrows, {circles} circles");
        read
    }

    /// Of the library, and of the program that stands beside it.
    fn read_from(folder: &Path) -> Self {
        let mut plan = Self::default();
        for root in ["lib.rs", "main.rs"] {
            if folder.join(root).exists() {
                let mut tree = Tree::default();
                tree.add_file(folder, root, Vec::new());
                plan.draw(&tree);
            }
        }
        plan
    }

    fn draw(&mut self, tree: &Tree) {
        for (path, module) in &tree.0 {
            let from = &module.file;
            self.rooms.insert(from.clone());
            let homes = module
                .names()
                .into_iter()
                .filter_map(|named| tree.home(path, &named, 0));
            let arrows = homes.filter(|to| to != from).map(|to| (from.clone(), to));
            self.arrows.extend(arrows);
        }
    }

    /// The arrows from a layer to a higher one; `layers` go from the top down.
    fn upward(&self, layers: &[&str]) -> Vec<String> {
        let depth = |room: &str| layers.iter().position(|name| *name == layer(room));
        self.arrows
            .iter()
            .filter(|(from, to)| matches!((depth(from), depth(to)), (Some(from), Some(to)) if to < from))
            .map(|(from, to)| format!("{from} -> {to}"))
            .collect()
    }

    /// Groups of rooms of which each can be reached from each other one.
    fn circles(&self) -> Vec<BTreeSet<&str>> {
        let reached = |from: &'_ str| {
            let mut seen = BTreeSet::new();
            let mut open = vec![from.to_owned()];
            while let Some(room) = open.pop() {
                for (_, to) in self.arrows.iter().filter(|(from, _)| *from == room) {
                    if seen.insert(to.clone()) {
                        open.push(to.clone());
                    }
                }
            }
            seen
        };
        let rooms: BTreeSet<&str> = self.arrows.iter().map(|(from, _)| from.as_str()).collect();
        let ways: BTreeMap<&str, BTreeSet<String>> =
            rooms.iter().map(|room| (*room, reached(room))).collect();
        let circle = |room: &&str| -> BTreeSet<&str> {
            rooms
                .iter()
                .copied()
                .filter(|other| ways[room].contains(*other) && ways[other].contains(*room))
                .collect()
        };
        let circles: BTreeSet<BTreeSet<&str>> = rooms
            .iter()
            .map(circle)
            .filter(|circle| circle.len() > 1)
            .collect();
        circles.into_iter().collect()
    }

    /// The circles, each as the list of its rooms; what closes it is printed.
    fn circles_told(&self) -> Vec<String> {
        let circles = self.circles();
        for circle in &circles {
            for (from, to) in &self.arrows {
                if circle.contains(from.as_str()) && circle.contains(to.as_str()) {
                    println!("    {from} -> {to}");
                }
            }
        }
        circles
            .iter()
            .map(|circle| circle.iter().copied().collect::<Vec<_>>().join(", "))
            .collect()
    }
}

/// The first folder of a room, or its file at the root without extension.
fn layer(room: &str) -> &str {
    room.split(['/', '.']).next().unwrap_or_default()
}

impl Tree {
    fn add_file(&mut self, folder: &Path, file: &str, path: Vec<String>) {
        let text = fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let items = syn::parse_file(&text)
            .unwrap_or_else(|error| panic!("{file}: {error}"))
            .items;
        self.add_module(folder, file, path, items);
    }

    fn add_module(&mut self, folder: &Path, file: &str, path: Vec<String>, items: Vec<Item>) {
        let mut module = Module {
            file: file.to_owned(),
            ..Module::default()
        };
        for item in items {
            if attributes(&item).iter().any(is_test) {
                continue;
            }
            match item {
                Item::Mod(inner) => {
                    let name = inner.ident.to_string();
                    let path = [&path[..], std::slice::from_ref(&name)].concat();
                    match inner.content {
                        Some((_, items)) => self.add_module(folder, file, path, items),
                        None => {
                            let beside = path.join("/") + ".rs";
                            let within = path.join("/") + "/mod.rs";
                            let file = if folder.join(&beside).exists() {
                                beside
                            } else {
                                within
                            };
                            self.add_file(folder, &file, path);
                        }
                    }
                }
                Item::Use(declaration) => {
                    let passed_on = !matches!(declaration.vis, syn::Visibility::Inherited);
                    module.import(&declaration.tree, &mut Vec::new(), passed_on);
                }
                item => {
                    module.defined.extend(name_of(&item));
                    item.to_tokens(&mut module.text);
                }
            }
        }
        self.0.insert(path, module);
    }

    /// The file in which what `named` stands for, seen from the module `from`, is defined. None for other crates, for a
    /// module as such, and for names of no module.
    fn home(&self, from: &[String], named: &[String], depth: usize) -> Option<String> {
        if depth > 20 {
            return None;
        }
        let mut here = from.to_vec();
        let mut rest = named;
        while let Some((name, after)) = rest.split_first() {
            match name.as_str() {
                "crate" => here.clear(),
                "self" => {}
                "super" => drop(here.pop()),
                name => {
                    let module = self.0.get(&here)?;
                    let inner = [&here[..], &[name.to_owned()]].concat();
                    if self.0.contains_key(&inner) {
                        here = inner;
                    } else if module.defined.contains(name) {
                        return Some(module.file.clone());
                    } else if let Some((target, _)) = module.imported.get(name) {
                        let whole = [&target[..], after].concat();
                        // A name that stands for itself is another crate's.
                        return if *target == [name] {
                            None
                        } else {
                            self.home(&here, &whole, depth + 1)
                        };
                    } else {
                        let through = |(glob, _): &(Vec<String>, bool)| {
                            let whole = [&glob[..], rest].concat();
                            (whole != rest)
                                .then(|| self.home(&here, &whole, depth + 1))
                                .flatten()
                        };
                        return module.globs.iter().find_map(through);
                    }
                }
            }
            rest = after;
        }
        None
    }
}

impl Module {
    /// The paths that it names: in its `use` declarations, and in its text where a path begins with a keyword, a name
    /// that was imported, or a module inside.
    fn names(&self) -> Vec<Vec<String>> {
        let mut words = BTreeSet::new();
        words_in(self.text.clone(), &mut words);
        let bound = self
            .imported
            .iter()
            .filter(|(name, (_, passed_on))| !passed_on || words.contains(*name))
            .map(|(_, (path, _))| path.clone());
        let globs = self.globs.iter().filter(|(_, passed_on)| !passed_on);
        let mut names: Vec<_> = bound.chain(globs.map(|(path, _)| path.clone())).collect();
        paths_in(self.text.clone(), &mut names);
        names
    }

    /// Takes in what a `use` declaration binds; `path` is what stands before `tree`.
    fn import(&mut self, tree: &UseTree, path: &mut Vec<String>, passed_on: bool) {
        match tree {
            UseTree::Path(step) => {
                path.push(step.ident.to_string());
                self.import(&step.tree, path, passed_on);
                path.pop();
            }
            UseTree::Group(group) => group
                .items
                .iter()
                .for_each(|tree| self.import(tree, path, passed_on)),
            UseTree::Glob(_) => self.globs.push((path.clone(), passed_on)),
            UseTree::Name(name) if name.ident == "self" => {
                let bound = path.last().cloned().unwrap_or_default();
                self.imported.insert(bound, (path.clone(), passed_on));
            }
            UseTree::Name(name) => {
                self.bind(&name.ident.to_string(), &name.ident.to_string(), path, passed_on)
            }
            UseTree::Rename(name) => {
                self.bind(&name.rename.to_string(), &name.ident.to_string(), path, passed_on)
            }
        }
    }

    fn bind(&mut self, bound: &str, name: &str, path: &[String], passed_on: bool) {
        // `use … as _` binds nothing, and names all the same.
        let bound = if bound == "_" {
            format!("_ {name}")
        } else {
            bound.to_owned()
        };
        self.imported
            .insert(bound, ([path, &[name.to_owned()]].concat(), passed_on));
    }
}

/// The single names in a text.
fn words_in(text: TokenStream, words: &mut BTreeSet<String>) {
    for token in text {
        match token {
            TokenTree::Ident(name) => drop(words.insert(name.to_string())),
            TokenTree::Group(group) => words_in(group.stream(), words),
            _ => {}
        }
    }
}

/// The paths of at least two names in a text.
fn paths_in(text: TokenStream, paths: &mut Vec<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    let mut end = |path: &mut Vec<String>| {
        if path.len() > 1 {
            paths.push(std::mem::take(path));
        }
        path.clear();
    };
    let mut inner = Vec::new();
    for token in text {
        match token {
            TokenTree::Ident(name) => {
                if colons != 2 {
                    end(&mut path);
                }
                path.push(name.to_string());
                colons = 0;
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
            TokenTree::Group(group) => {
                // What stands in braces after `path::` is a group of `use`; there is none within items but in functions.
                end(&mut path);
                colons = 0;
                inner.push(group.stream());
            }
            _ => {
                end(&mut path);
                colons = 0;
            }
        }
    }
    end(&mut path);
    for text in inner {
        paths_in(text, paths);
    }
}

fn is_test(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && matches!(attribute.parse_args::<syn::Ident>(), Ok(name) if name == "test")
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
