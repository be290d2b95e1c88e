//! `types`: what kinds of values each operation meets.
//!
//! A site is an instruction that computes, compares, indexes, accesses a member or calls. What it meets is the kinds of its first four operands
//! together: a callee or receiver first, of instances the type, of a callee in a register the function. A site that met one combination is
//! monomorphic, up to four polymorphic, more megamorphic. A constant in an instruction is an operand like any other, so that both forms
//! of code are told apart alike.

use std::cmp::Reverse;

use isa::StackOp;
use runtime::Tag;

use crate::profile::{Cell, Code, Moment, Operand, PerSite, Place, ProbeKind, Recorder, Table, counted};

pub(super) const PROBE: ProbeKind = ProbeKind {
    name: "types",
    about: "kinds of operands at each operation, and where they vary",
    needs_plain_code: true,
    begin: |code| Box::new(Types { sites: PerSite::new(code) }),
};

/// Combinations up to which a site is polymorphic.
const MOST_POLYMORPHIC: usize = 4;
/// Combinations that are told apart at one site.
const MOST_TOLD_APART: usize = 32;
/// Combinations shown of a site.
const SHOWN: usize = 4;
const OPERANDS: usize = 4;

struct Types {
    sites: PerSite<Site>,
}

/// What a site met.
#[derive(Clone, Default)]
struct Site {
    met: Vec<(Signature, u64)>,
    /// How often it met a combination that is no longer told apart.
    others: u64,
}

type Signature = [Option<Kind>; OPERANDS];

/// What an operand is: its tag, and the type of an instance or the function of a callee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    tag: Tag,
    detail: Option<u32>,
}

/// What a site does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Arithmetic,
    Comparison,
    Index,
    Member,
    Call,
}

impl Group {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Arithmetic, "arithmetic"),
        (Self::Comparison, "comparison"),
        (Self::Index, "index"),
        (Self::Member, "member"),
        (Self::Call, "call"),
    ];

    fn of(meaning: StackOp) -> Option<Self> {
        use StackOp as S;
        Some(match meaning {
            S::Add | S::Sub | S::Mul | S::Div | S::Mod | S::Pow | S::Neg => Self::Arithmetic,
            S::Eq | S::Neq | S::Lt | S::Gt | S::Lte | S::Gte | S::In => Self::Comparison,
            S::Index | S::SetIndex | S::AddIndex | S::Slice | S::GetLength => Self::Index,
            S::GetAttr | S::SetAttr | S::AddAttr => Self::Member,
            S::CallName | S::CallFuncConst | S::CallTop | S::CallMethod | S::CallBuiltin | S::Construct => Self::Call,
            _ => return None,
        })
    }
}

fn kind(operand: Operand, is_callee: bool) -> Kind {
    let tag = operand.tag();
    let detail = match (operand, tag) {
        (Operand::Value(value), Tag::Record) => value.as_record().map(|record| record.type_index()),
        (Operand::Value(value), Tag::Closure) if is_callee => value.as_closure().map(|closure| closure.function()),
        (Operand::Value(value), Tag::Function | Tag::Type) if is_callee => Some(value.index()),
        _ => None,
    };
    Kind { tag, detail }
}

fn signature(moment: &Moment<'_>) -> Signature {
    let mut signature = [None; OPERANDS];
    let takes_callee = moment.instruction.meaning == StackOp::CallTop;
    for (at, operand) in moment.instruction.operands(moment.event.frame).take(OPERANDS).enumerate() {
        signature[at] = Some(kind(operand, takes_callee && at == 0));
    }
    signature
}

impl Kind {
    fn name(self, code: &Code<'_>) -> String {
        let name = match self.tag {
            Tag::Int => "int",
            Tag::Float => "float",
            Tag::Bool => "bool",
            Tag::Null => "null",
            Tag::Unset => "unset",
            Tag::Function | Tag::Closure => match self.detail {
                Some(function) => return code.function(function),
                None => "function",
            },
            Tag::Builtin => "builtin",
            Tag::Type => "type",
            Tag::Module => "module",
            Tag::String => "string",
            Tag::List => "list",
            Tag::Map | Tag::StateMap => "map",
            Tag::Record => return self.detail.map_or("instance", |index| code.type_name(index)).to_string(),
            Tag::Cell => "cell",
            Tag::Failure => "failure",
            Tag::Task => "task",
        };
        name.to_string()
    }
}

impl Site {
    fn add(&mut self, signature: Signature) {
        if let Some((_, count)) = self.met.iter_mut().find(|(known, _)| *known == signature) {
            *count += 1;
        } else if self.met.len() < MOST_TOLD_APART {
            self.met.push((signature, 1));
        } else {
            self.others += 1;
        }
    }

    fn executed(&self) -> u64 {
        self.met.iter().map(|(_, count)| count).sum::<u64>() + self.others
    }

    fn variety(&self) -> &'static str {
        match self.met.len() {
            0 | 1 => "monomorphic",
            2..=MOST_POLYMORPHIC => "polymorphic",
            _ => "megamorphic",
        }
    }

    /// `int int 98 %, int float 2 %`
    fn met(&self, code: &Code<'_>) -> String {
        let mut met = self.met.clone();
        met.sort_by_key(|&(_, count)| Reverse(count));
        let shown = met.iter().take(SHOWN).map(|(signature, count)| {
            let names: Vec<String> = signature.iter().flatten().map(|kind| kind.name(code)).collect();
            let operands = if names.is_empty() { "nothing".to_string() } else { names.join(" ") };
            format!("{operands} {:.0} %", 100.0 * *count as f64 / self.executed() as f64)
        });
        let mut text = shown.collect::<Vec<_>>().join(", ");
        if met.len() > SHOWN {
            text.push_str(&format!(", {} more", met.len() - SHOWN));
        }
        text
    }
}

impl Recorder for Types {
    fn instruction(&mut self, moment: &Moment<'_>) {
        if Group::of(moment.instruction.meaning).is_some() {
            self.sites.at(moment.place()).add(signature(moment));
        }
    }

    fn tables(&self, code: &Code<'_>) -> Vec<Table> {
        let executed = |site: &&(Place, &Site)| !site.1.met.is_empty();
        let mut sites: Vec<(Place, &Site)> = self.sites.iter().filter(|site| executed(&site)).collect();
        // What varies first, then what runs most.
        sites.sort_by_key(|(_, site)| (site.met.len() == 1, Reverse(site.executed())));
        vec![summary(code, &sites), site_table(code, &sites)]
    }
}

fn summary(code: &Code<'_>, sites: &[(Place, &Site)]) -> Table {
    let row = |&(group, name): &(Group, &str)| {
        let of_group = |place: Place| Group::of(code.instruction(place).meaning) == Some(group);
        let sites: Vec<&Site> = sites.iter().filter(|(place, _)| of_group(*place)).map(|(_, site)| *site).collect();
        let total: u64 = sites.iter().map(|site| site.executed()).sum();
        let mut row = vec![Cell::from(name), Cell::Count(sites.len() as u64), Cell::Count(total)];
        for variety in ["monomorphic", "polymorphic", "megamorphic"] {
            let of_variety = sites.iter().filter(|site| site.variety() == variety);
            row.push(Cell::Count(of_variety.clone().count() as u64));
            row.push(Cell::share(of_variety.map(|site| site.executed()).sum(), total));
        }
        row
    };
    Table {
        name: "summary",
        title: "sites by how many combinations of operand kinds they met (1, up to 4, more), and shares of executions",
        columns: &[
            "sites",
            "number",
            "executed",
            "mono",
            "executed mono",
            "poly",
            "executed poly",
            "mega",
            "executed mega",
        ],
        rows: Group::ALL.iter().map(row).collect(),
        notes: Vec::new(),
    }
}

fn site_table(code: &Code<'_>, sites: &[(Place, &Site)]) -> Table {
    let row = |&(place, site): &(Place, &Site)| {
        let figures = [Cell::Count(site.executed()), site.variety().into(), site.met(code).into()];
        code.row(place, figures)
    };
    let varying = sites.iter().filter(|(_, site)| site.met.len() > 1).count();
    Table {
        name: "sites",
        title: "operand kinds by site, those that vary first",
        columns: &["function", "line", "at", "operation", "executed", "variety", "met", "source"],
        rows: sites.iter().map(row).collect(),
        notes: vec![format!("{varying} of {} vary", counted(sites.len() as u64, "site"))],
    }
}
