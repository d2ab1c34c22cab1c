//! From a tree to instructions, with a list of what is left to do instead of recursion.

use std::collections::HashMap;

use super::super::charset::{CharSet, Fold};
use super::super::syntax::{Greed, Node, NodeId, Tree};
use super::{Instruction, Part, Program, Repeat};

/// Compiles a tree.
pub(super) fn compile(tree: &Tree) -> Program {
    let mut compiler = Compiler::default();
    compiler.program.groups = tree.group_count() - 1;
    compiler.tasks.push(Task::Add(Instruction::Match));
    compiler.tasks.push(Task::Node(tree.root()));
    while let Some(task) = compiler.tasks.pop() {
        compiler.run(task, tree);
    }
    compiler.program
}

enum Task {
    Node(NodeId),
    Add(Instruction),
    /// Alternatives from `index` on; the one before starts at `previous`, and each ends at one of `jumps`.
    Alternatives {
        node: NodeId,
        index: usize,
        previous: usize,
        jumps: Vec<usize>,
    },
    /// The body of a repeat has been compiled.
    EndRepeat(usize),
    /// A part that is matched on its own has been compiled; it starts at the place.
    EndPart(usize),
    /// The first half of the conditional at the place has been compiled.
    Otherwise {
        start: usize,
        no: Option<NodeId>,
    },
    /// All of a conditional has been compiled; the first half ends at the place.
    EndConditional(usize),
}

#[derive(Default)]
struct Compiler {
    program: Program,
    places: HashMap<CharSet, usize>,
    tasks: Vec<Task>,
}

impl Compiler {
    fn here(&self) -> usize {
        self.program.instructions.len()
    }

    fn add(&mut self, instruction: Instruction) -> usize {
        self.program.instructions.push(instruction);
        self.here() - 1
    }

    fn replace(&mut self, place: usize, instruction: Instruction) {
        if let Some(old) = self.program.instructions.get_mut(place) {
            *old = instruction;
        }
    }

    fn run(&mut self, task: Task, tree: &Tree) {
        match task {
            Task::Node(id) => {
                if let Some(node) = tree.node(id) {
                    self.node(id, node, tree);
                }
            }
            Task::Add(instruction) => {
                self.add(instruction);
            }
            Task::Alternatives { node, index, previous, jumps } => {
                self.alternatives(tree, node, index, previous, jumps);
            }
            Task::EndRepeat(repeat) => {
                let until = self.add(Instruction::Until);
                if let Some(repeat) = self.program.repeats.get_mut(repeat) {
                    repeat.until = until;
                }
            }
            Task::EndPart(start) => {
                self.add(Instruction::Leave);
                let end = self.here();
                if let Some(Instruction::Enter { after, .. }) = self.program.instructions.get_mut(start) {
                    *after = end;
                }
            }
            Task::Otherwise { start, no } => {
                let jump = self.add(Instruction::Jump(0));
                let here = self.here();
                if let Some(Instruction::Conditional { no, .. }) = self.program.instructions.get_mut(start) {
                    *no = here;
                }
                self.tasks.push(Task::EndConditional(jump));
                self.tasks.extend(no.map(Task::Node));
            }
            Task::EndConditional(jump) => self.replace(jump, Instruction::Jump(self.here())),
        }
    }

    fn node(&mut self, id: NodeId, node: &Node, tree: &Tree) {
        match node {
            Node::Code { .. } | Node::Set(_) | Node::Any { .. } => {
                let set = self.set(node);
                self.add(Instruction::Take(set));
            }
            Node::Assertion(assertion) => {
                self.add(Instruction::Assert(*assertion));
            }
            Node::Group { index: None, body, .. } => self.tasks.push(Task::Node(*body)),
            Node::Group { index: Some(index), body, .. } => {
                let start = 2 * (index - 1);
                self.tasks.push(Task::Add(Instruction::Mark(start + 1)));
                self.tasks.push(Task::Node(*body));
                self.add(Instruction::Mark(start));
            }
            Node::Sequence(parts) => self.tasks.extend(parts.iter().rev().map(|part| Task::Node(*part))),
            Node::Alternation(_) => self.alternatives(tree, id, 0, 0, Vec::new()),
            Node::Repeat { body, min, max, greed } => self.repeat(tree, *body, (*min, *max), *greed),
            Node::Atomic(body) => self.part(Part::Atomic, *body),
            Node::Look { behind, negated, body } => {
                self.part(Part::Look { behind: *behind, negated: *negated }, *body);
            }
            Node::BackReference { group, mode } => {
                self.add(Instruction::BackReference { group: group - 1, fold: Fold::of(*mode) });
            }
            Node::Conditional { group, yes, no } => {
                let start = self.add(Instruction::Conditional { group: group - 1, no: 0 });
                self.tasks.push(Task::Otherwise { start, no: *no });
                self.tasks.push(Task::Node(*yes));
            }
        }
    }

    fn alternatives(
        &mut self,
        tree: &Tree,
        node: NodeId,
        index: usize,
        previous: usize,
        mut jumps: Vec<usize>,
    ) {
        let Some(Node::Alternation(parts)) = tree.node(node) else { return };
        if index > 0 {
            jumps.push(self.add(Instruction::Jump(0)));
        }
        let here = self.here();
        let Some(part) = parts.get(index) else {
            for jump in jumps {
                self.replace(jump, Instruction::Jump(here));
            }
            return;
        };
        if index > 0 {
            self.replace(previous, Instruction::Alternative { next: Some(here) });
        }
        let previous = self.add(Instruction::Alternative { next: None });
        self.tasks.push(Task::Alternatives { node, index: index + 1, previous, jumps });
        self.tasks.push(Task::Node(*part));
    }

    fn repeat(&mut self, tree: &Tree, body: NodeId, (min, max): (u32, u32), greed: Greed) {
        if let Some(node) = tree.single(body).and_then(|id| tree.node(id)) {
            let set = self.set(node);
            self.add(Instruction::TakeMany { set, min, max, greed });
        } else if greed == Greed::Possessive {
            self.part(Part::Possessive { min, max }, body);
        } else {
            let repeat = self.program.repeats.len();
            let start = self.add(Instruction::Repeat(repeat));
            let lazy = greed == Greed::Lazy;
            self.program.repeats.push(Repeat { min, max, lazy, body: start + 1, until: 0 });
            self.tasks.push(Task::EndRepeat(repeat));
            self.tasks.push(Task::Node(body));
        }
    }

    fn part(&mut self, part: Part, body: NodeId) {
        let start = self.add(Instruction::Enter { part, after: 0 });
        self.tasks.push(Task::EndPart(start));
        self.tasks.push(Task::Node(body));
    }

    /// The place of the set of a node, one that takes a character.
    fn set(&mut self, node: &Node) -> usize {
        let Some(set) = CharSet::of(node) else { return usize::MAX };
        if let Some(place) = self.places.get(&set) {
            return *place;
        }
        let place = self.program.sets.len();
        self.program.sets.push(set.clone());
        self.places.insert(set, place);
        place
    }
}
