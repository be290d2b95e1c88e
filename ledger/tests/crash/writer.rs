//! Appends blocks to the ledger in a file, and says the height of each when it is durable, until somebody kills the process.

#![forbid(unsafe_code)]

mod blocks;

use std::io::Write;
use std::path::Path;

use ledger::Chain;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: write-blocks FILE")?;
    let mut chain = Chain::open(Path::new(&file))?;
    let mut output = std::io::stdout().lock();
    loop {
        let summary = blocks::next_block(&mut chain).map_err(|fault| fault.message)?;
        writeln!(output, "{}", summary.height)?;
        output.flush()?;
    }
}
