//! `harness ledger`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use engine::profile::counted;
use ledger::block::{Block, FORMAT};
use ledger::digest::hex;
use ledger::verify::verify;
use ledger::{Chain, LedgerError};
use runtime::canonical::{Item, Malformed, Reader};
use runtime::host::{Event, Ledger, OwnedKey, Status, Stored};
use serde_json::{Map, Value, json};

use super::{FAILED, Usage};
use crate::cli::{LedgerAction, LedgerOptions};
use crate::tables;
use crate::terminal::{self, tell};

pub(super) fn run(options: &LedgerOptions) -> anyhow::Result<ExitCode> {
    match options.action {
        LedgerAction::Show => show(options),
        LedgerAction::Verify => check(options),
        LedgerAction::Export => export(options),
    }
}

/// What is damaged has failed; what cannot be read at all is the caller's mistake.
fn reported(error: LedgerError) -> anyhow::Error {
    match error {
        LedgerError::Damaged { .. } => {
            anyhow::anyhow!("{error}; `harness ledger verify` tells what else is")
        }
        other => Usage(other.to_string()).into(),
    }
}

/// The ledger in a file, for a program to go on from.
pub(super) fn open(file: &Path) -> anyhow::Result<Box<dyn Ledger>> {
    Ok(Box::new(Chain::open(file).map_err(reported)?))
}

fn opened(options: &LedgerOptions) -> anyhow::Result<Chain> {
    Chain::copy_of(&options.file).map_err(reported)
}

/// How many blocks `show` lists.
const LISTED: u64 = 10;

fn show(options: &LedgerOptions) -> anyhow::Result<ExitCode> {
    let chain = opened(options)?;
    let height = chain.head().map_or(0, |head| head.height);
    let contents = chain.contents();
    let mut contracts: Vec<(String, usize)> = Vec::new();
    for (location, _) in &contents {
        let name = if location.contract.is_empty() { "(none)" } else { &*location.contract };
        match contracts.last_mut() {
            Some((last, count)) if last == name => *count += 1,
            _ => contracts.push((name.to_string(), 1)),
        }
    }
    // The order of encodings separates fields from entries.
    contracts.sort();
    contracts.dedup_by(|(name, count), (kept, total)| {
        let is_same = name == kept;
        *total += if is_same { *count } else { 0 };
        is_same
    });
    let from = height.saturating_sub(LISTED - 1).max(1);
    let blocks: Vec<Block> =
        (from..=height).map_while(|at| chain.block(at).transpose()).collect::<Result<_, _>>().map_err(reported)?;
    if options.json {
        let summary = json!({
            "file": options.file,
            "format": FORMAT,
            "height": height,
            "head": chain.head().map(|head| hex(&head.hash())),
            "time": chain.head().map(|head| head.time),
            "state_root": chain.head().map(|head| hex(&head.state_root)),
            "entries": chain.head().map_or(0, |head| head.entries),
            "locations": contents.len(),
            "contracts": contracts.iter().map(|(name, count)| (name.clone(), json!(count))).collect::<Map<_, _>>(),
        });
        terminal::print(&format!("{summary}\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut lines = vec![("file", options.file.display().to_string()), ("height", height.to_string())];
    if let Some(head) = chain.head() {
        lines.push(("last block", hex(&head.hash())));
        lines.push(("time", format!("{} ms", head.time)));
        lines.push(("state root", hex(&head.state_root)));
        lines.push(("entries", head.entries.to_string()));
    }
    lines.push(("locations", contents.len().to_string()));
    for (name, count) in contracts {
        lines.push(("contract", format!("{name}, {}", counted(count as u64, "location"))));
    }
    let mut text: String = lines.iter().map(|(name, value)| format!("{name:<12}{value}\n")).collect();
    if !blocks.is_empty() {
        let header = ["block", "transactions", "failed", "gas", "events", "entries"].map(str::to_string);
        let rows = blocks.iter().map(|block| {
            let receipts = &block.receipts;
            vec![
                block.header.height.to_string(),
                block.transactions.len().to_string(),
                receipts.iter().filter(|receipt| receipt.status != Status::Success).count().to_string(),
                receipts.iter().map(|receipt| u128::from(receipt.gas_used)).sum::<u128>().to_string(),
                receipts.iter().map(|receipt| receipt.events.len()).sum::<usize>().to_string(),
                block.entries.len().to_string(),
            ]
        });
        text.push('\n');
        text.push_str(&tables::plain(header.to_vec(), rows, |_| true));
    }
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn check(options: &LedgerOptions) -> anyhow::Result<ExitCode> {
    let report = verify(&options.file).map_err(reported)?;
    let is_sound = report.damage.is_empty();
    if options.json {
        let damage: Vec<Value> =
            report.damage.iter().map(|(part, reason)| json!({ "part": part, "reason": reason })).collect();
        let result = json!({
            "file": options.file,
            "sound": is_sound,
            "blocks": report.blocks,
            "transactions": report.transactions,
            "events": report.events,
            "entries": report.entries,
            "locations": report.locations,
            "damage": damage,
        });
        terminal::print(&format!("{result}\n"))?;
    } else {
        for (part, reason) in &report.damage {
            tell!("{}: {part}: {reason}", options.file.display());
        }
        let checked = [
            counted(report.blocks, "block"),
            counted(report.transactions, "transaction"),
            counted(report.events, "event"),
            if report.entries == 1 { "1 entry".to_string() } else { format!("{} entries", report.entries) },
            counted(report.locations, "location"),
        ]
        .join(", ");
        let verdict = if is_sound { "sound" } else { "damaged" };
        terminal::print(&format!("{}: {verdict}: {checked}\n", options.file.display()))?;
    }
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// Writes the document, or its parts a line each, without having all of it in memory.
fn export(options: &LedgerOptions) -> anyhow::Result<ExitCode> {
    let chain = opened(options)?;
    let mut output = std::io::BufWriter::new(std::io::stdout().lock());
    let height = chain.head().map_or(0, |head| head.height);
    let mut index = 0;
    if !options.lines {
        write!(output, "{{\"format\": {FORMAT}, \"blocks\": [")?;
    }
    for at in 1..=height {
        let found = chain.block(at).map_err(reported)?;
        let block = found.with_context(|| format!("{} has no block {at}", options.file.display()))?;
        let value = block_json(&block, &mut index)?;
        match options.lines {
            true => writeln!(output, "{}", json!({ "block": value }))?,
            false => write!(output, "{}\n{value}", if at == 1 { "" } else { "," })?,
        }
    }
    if !options.lines {
        write!(output, "\n], \"state\": [")?;
    }
    for (at, (location, content)) in chain.contents().into_iter().enumerate() {
        let mut row = json!({ "contract": &*location.contract, "field": &*location.field });
        match &location.key {
            None => {}
            Some(OwnedKey::Int(key)) => row["key"] = json!(key),
            Some(OwnedKey::Bool(key)) => row["key"] = json!(key),
            Some(OwnedKey::String(key)) => row["key"] = json!(&**key),
        }
        match &content.value {
            Stored::Map(head) => row["entries"] = json!(head.len),
            value => row["value"] = stored_json(value)?,
        }
        match options.lines {
            true => writeln!(output, "{}", json!({ "state": row }))?,
            false => write!(output, "{}\n{row}", if at == 0 { "" } else { "," })?,
        }
    }
    if !options.lines {
        writeln!(output, "\n]}}")?;
    }
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// A block; `index` is that of its first entry, and then that of the next block's.
fn block_json(block: &Block, index: &mut u64) -> anyhow::Result<Value> {
    let header = &block.header;
    let mut transactions = Vec::with_capacity(block.transactions.len());
    for (transaction, receipt) in block.transactions.iter().zip(&block.receipts) {
        transactions.push(json!({
            "sender": &*transaction.sender,
            "contract": &*transaction.contract,
            "action": &*transaction.action,
            "arguments": stored_json(&transaction.arguments)?,
            "gas_limit": transaction.gas_limit,
            "receipt": {
                "status": receipt.status.name(),
                "gas_used": receipt.gas_used,
                "error": receipt.error,
                "events": receipt.events.iter().map(event_json).collect::<Result<Vec<_>, _>>()?,
            },
        }));
    }
    let mut entries = Vec::with_capacity(block.entries.len());
    for entry in &block.entries {
        entries.push(json!({ "index": *index, "time": entry.time, "value": stored_json(&entry.value)? }));
        *index += 1;
    }
    Ok(json!({
        "height": header.height,
        "hash": hex(&header.hash()),
        "parent": hex(&header.parent),
        "time": header.time,
        "transactions_root": hex(&header.transactions_root),
        "receipts_root": hex(&header.receipts_root),
        "state_root": hex(&header.state_root),
        "last_entry": hex(&header.last_entry),
        "transactions": transactions,
        "entries": entries,
    }))
}

fn event_json(event: &Event) -> Result<Value, Malformed> {
    Ok(json!({ "contract": &*event.contract, "name": &*event.name, "data": stored_json(&event.data)? }))
}

fn stored_json(value: &Stored) -> Result<Value, Malformed> {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    item_json(&mut Reader::new(&bytes))
}

/// The next value as JSON. Encodings are nested no deeper than [`runtime::canonical::DEEPEST`]. Keys become texts, floats that JSON lacks too, and
/// an instance is an object of its type's name and its fields.
fn item_json(reader: &mut Reader<'_>) -> Result<Value, Malformed> {
    Ok(match reader.item()? {
        Item::Null => Value::Null,
        Item::Bool(value) => json!(value),
        Item::Int(value) => json!(value),
        Item::Float(value) if value.is_finite() => json!(value),
        Item::Float(value) => json!(value.to_string()),
        Item::String(text) => json!(text),
        Item::Bytes(bytes) => json!(bytes),
        Item::List(count) => Value::Array((0..count).map(|_| item_json(reader)).collect::<Result<_, _>>()?),
        Item::Map(count) => {
            let mut entries = Map::new();
            for _ in 0..count {
                let key = match item_json(reader)? {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                entries.insert(key, item_json(reader)?);
            }
            Value::Object(entries)
        }
        Item::Instance(name, count) => {
            let fields = (0..count).map(|_| item_json(reader)).collect::<Result<Vec<_>, _>>()?;
            json!({ "type": name, "fields": fields })
        }
    })
}
