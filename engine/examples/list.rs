#![allow(missing_docs)]
use engine::*;
fn main() {
    let source = Source::file(std::env::args().nth(1).unwrap()).unwrap();
    let c = Compiled::new(&source).unwrap();
    let s = c.stack_code().unwrap();
    for f in 0..s.functions.len() { println!("{}", isa::text::listing(&**s, f as u32, true)); }
    let (r, st) = converter::convert(s, converter::Options::default()).unwrap();
    for f in 0..s.functions.len() { println!("{}", isa::text::listing(&*r, f as u32, true)); }
    println!("{st:?}");
}
