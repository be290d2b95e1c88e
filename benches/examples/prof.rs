use benches::bundled;
fn main(){ let p=bundled(); let n:u32=std::env::args().nth(1).unwrap().parse().unwrap(); let mut t=0usize; for _ in 0..n { for x in &p { t+=converter::convert_unverified(x.stack_code().unwrap(), converter::Options::default()).unwrap().0.functions.len(); } } println!("{t}"); }
