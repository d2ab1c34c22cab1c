//! From a tree to instructions.
//!
//! A pattern is compiled from its end: whoever compiles a node knows where it goes on. What is left to do is kept in a list
//! instead of on the stack.

use std::collections::HashMap;

use super::super::charset::CharSet;
use super::super::syntax::{Assertion, Node, NodeId, Tree, UNBOUNDED};
use super::super::{MAX_INSTRUCTIONS, Refusal, unicode};
use super::{Instruction, Program};

/// Work on one pattern, in nodes: repeats of groups that compile to nothing make work, but no instructions.
const MAX_WORK: usize = 20 * MAX_INSTRUCTIONS;

/// Compiles a regular tree.
pub(super) fn compile(tree: &Tree) -> Result<Program, Refusal> {
    let mut compiler = Compiler::default();
    compiler.entry = compiler.add(Instruction::Match);
    compiler.tasks.push(Task::Node(tree.root()));
    let mut work = 0;
    while let Some(task) = compiler.tasks.pop() {
        compiler.run(task, tree);
        work += 1;
        if compiler.instructions.len() > MAX_INSTRUCTIONS || work > MAX_WORK {
            let what = format!("more than {MAX_INSTRUCTIONS} instructions, repeats written out");
            return Err(Refusal::TooLarge(what));
        }
    }
    let (classes, class_count) = classes(&compiler);
    let Compiler { instructions, sets, entry: start, .. } = compiler;
    Ok(Program { instructions, sets, start, classes, class_count })
}

/// What is left to do. All tasks leave where the pattern goes on from in [`Compiler::entry`].
enum Task {
    Node(NodeId),
    /// The alternative at `index` was compiled; those behind it are at `joined`.
    Alternative {
        node: NodeId,
        index: usize,
        after: u32,
        joined: Option<u32>,
    },
    /// The body of a loop was compiled.
    Loop {
        split: u32,
        after: u32,
        at_least_once: bool,
    },
    /// Copies of a body that remain: first those that may be left out, each then followed by a way to `after`.
    Copies {
        body: NodeId,
        optional: u32,
        needed: u32,
        after: u32,
    },
    /// A copy that may be left out was compiled.
    Optional {
        after: u32,
        before: usize,
    },
}

#[derive(Default)]
struct Compiler {
    instructions: Vec<Instruction>,
    sets: Vec<CharSet>,
    places: HashMap<CharSet, u32>,
    /// The sets of nodes that were compiled: copies of a body need not make theirs again.
    node_sets: HashMap<NodeId, u32>,
    tasks: Vec<Task>,
    entry: u32,
    has_boundary: bool,
}

impl Compiler {
    fn add(&mut self, instruction: Instruction) -> u32 {
        self.instructions.push(instruction);
        // There are no more than `MAX_INSTRUCTIONS`.
        (self.instructions.len() - 1) as u32
    }

    fn run(&mut self, task: Task, tree: &Tree) {
        match task {
            Task::Node(id) => {
                if let Some(node) = tree.node(id) {
                    self.node(id, node);
                }
            }
            Task::Alternative { node, index, after, joined } => {
                self.alternative(tree, node, index, after, joined);
            }
            Task::Loop { split, after, at_least_once } => {
                if let Some(place) = self.instructions.get_mut(split as usize) {
                    *place = Instruction::Split(self.entry, after);
                }
                if !at_least_once {
                    self.entry = split;
                }
            }
            Task::Copies { body, optional, needed, after } => self.copies(body, optional, needed, after),
            Task::Optional { after, before } => {
                if self.instructions.len() > before {
                    self.entry = self.add(Instruction::Split(self.entry, after));
                }
            }
        }
    }

    fn node(&mut self, id: NodeId, node: &Node) {
        match node {
            Node::Code { .. } | Node::Set(_) | Node::Any { .. } => {
                let set = self.node_sets.get(&id).copied().or_else(|| Some(self.set(CharSet::of(node)?)));
                if let Some(set) = set {
                    self.node_sets.insert(id, set);
                    self.entry = self.add(Instruction::Take { set, next: self.entry });
                }
            }
            Node::Assertion(assertion) => {
                self.has_boundary |= matches!(assertion, Assertion::Boundary { .. });
                self.entry = self.add(Instruction::Assert(*assertion, self.entry));
            }
            Node::Group { body, .. } => self.tasks.push(Task::Node(*body)),
            Node::Sequence(parts) => self.tasks.extend(parts.iter().map(|part| Task::Node(*part))),
            Node::Alternation(parts) => {
                let task =
                    Task::Alternative { node: id, index: parts.len(), after: self.entry, joined: None };
                self.tasks.push(task);
            }
            Node::Repeat { body, min, max, .. } => self.repeat(*body, *min, *max),
            // Trees that have these are not regular.
            Node::Atomic(_) | Node::Look { .. } | Node::BackReference { .. } | Node::Conditional { .. } => {}
        }
    }

    fn alternative(&mut self, tree: &Tree, node: NodeId, index: usize, after: u32, joined: Option<u32>) {
        let Some(Node::Alternation(parts)) = tree.node(node) else { return };
        let joined = match joined {
            _ if index == parts.len() => None,
            None => Some(self.entry),
            Some(rest) => Some(self.add(Instruction::Split(self.entry, rest))),
        };
        match index.checked_sub(1).and_then(|index| Some((index, parts.get(index)?))) {
            Some((index, part)) => {
                self.entry = after;
                self.tasks.push(Task::Alternative { node, index, after, joined });
                self.tasks.push(Task::Node(*part));
            }
            None => self.entry = joined.unwrap_or(after),
        }
    }

    fn repeat(&mut self, body: NodeId, min: u32, max: u32) {
        let after = self.entry;
        if max != UNBOUNDED {
            self.tasks.push(Task::Copies { body, optional: max - min, needed: min, after });
            return;
        }
        // Of the copies that are needed, the last is the loop's own.
        self.tasks.push(Task::Copies { body, optional: 0, needed: min.saturating_sub(1), after });
        let split = self.add(Instruction::Match);
        self.entry = split;
        self.tasks.push(Task::Loop { split, after, at_least_once: min > 0 });
        self.tasks.push(Task::Node(body));
    }

    fn copies(&mut self, body: NodeId, optional: u32, needed: u32, after: u32) {
        if optional > 0 {
            self.tasks.push(Task::Copies { body, optional: optional - 1, needed, after });
            self.tasks.push(Task::Optional { after, before: self.instructions.len() });
            self.tasks.push(Task::Node(body));
        } else if needed > 0 {
            self.tasks.push(Task::Copies { body, optional: 0, needed: needed - 1, after });
            self.tasks.push(Task::Node(body));
        }
    }

    fn set(&mut self, set: CharSet) -> u32 {
        if let Some(place) = self.places.get(&set) {
            return *place;
        }
        // There are no more sets than bytes of the pattern.
        let place = self.sets.len() as u32;
        self.sets.push(set.clone());
        self.places.insert(set, place);
        place
    }
}

/// The class of each code below 128, and how many classes there are: what no set and no assertion tells apart.
fn classes(compiler: &Compiler) -> ([u8; 128], usize) {
    let bits = |wanted: fn(char) -> bool| {
        ('\0'..='\x7f')
            .fold(0, |bits, character| bits | u128::from(wanted(character)) << u32::from(character))
    };
    let words = if compiler.has_boundary { bits(unicode::is_ascii_word) } else { 0 };
    let own = [1 << u32::from('\n'), words];
    let mut classes = [0; 128];
    let mut count = 1;
    for set in compiler.sets.iter().map(CharSet::ascii).chain(own) {
        // By class, the new one of its codes that are in the set, where others are not.
        let mut moved: [Option<u8>; 128] = [None; 128];
        let mut stays = [false; 128];
        let holds = |code: usize| set >> code & 1 == 1;
        for (code, class) in classes.iter().enumerate() {
            if let Some(stays) = stays.get_mut(usize::from(*class)) {
                *stays |= !holds(code);
            }
        }
        for (_, class) in classes.iter_mut().enumerate().filter(|(code, _)| holds(*code)) {
            if stays.get(usize::from(*class)) != Some(&true) {
                continue;
            }
            if let Some(moved) = moved.get_mut(usize::from(*class)) {
                *class = *moved.get_or_insert_with(|| {
                    count += 1;
                    (count - 1) as u8
                });
            }
        }
    }
    (classes, count)
}
