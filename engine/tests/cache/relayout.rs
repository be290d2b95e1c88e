//! The same program in another layout.

use engine::random::Random;
use lang::lexer::{Lexer, Token, TokenKind};

/// A text with the same tokens: other spaces, more lines, deeper indentation, and comments wherever they may stand.
pub(crate) fn relayout(text: &str, seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut lexer = Lexer::new(text);
    let mut output = if text.starts_with('\u{feff}') { "\u{feff}" } else { "" }.to_string();
    output.push_str(["", "# On top.\n", "\n\n", "/* on\n top */\n"][random.below(4)]);
    let mut written = output.len().min(text.len() - text.trim_start_matches('\u{feff}').len());
    loop {
        let token = lexer.next_token();
        output.push_str(&gap(&text[written..token.start as usize], token, text, &mut random));
        if token.kind == TokenKind::End {
            return output;
        }
        let end = if token.kind == TokenKind::StringStart { string_end(&mut lexer, token) } else { token.end };
        output.push_str(&text[token.start as usize..end as usize]);
        written = end as usize;
    }
}

/// What may stand between two tokens instead of `old`.
fn gap(old: &str, token: Token, text: &str, random: &mut Random) -> String {
    let indentation = &text[token.line_start as usize..token.start as usize];
    if old.is_empty() || !old.trim().is_empty() || !indentation.trim().is_empty() && token.newline_before() {
        return old.to_string();
    }
    if !token.newline_before() {
        // The parser looks for names of types in the text, and takes the word behind `entity` or `data` for one.
        let before = text[..token.start as usize].trim_end();
        let kinds = if before.ends_with("entity") || before.ends_with("data") { 3 } else { 4 };
        return [" ", "  ", "\t", " /* between */ "][random.below(kinds)].to_string();
    }
    let lines = ["\n", "\n\n\n", "   # behind\n", "  // behind\n# above\n"][random.below(4)];
    format!("{lines}{indentation}{indentation}")
}

/// Where a string ends that has expressions in it.
fn string_end(lexer: &mut Lexer<'_>, start: Token) -> u32 {
    let mut braces = 0;
    loop {
        let token = lexer.next_token();
        match token.kind {
            TokenKind::LeftBrace => braces += 1,
            TokenKind::RightBrace if braces > 0 => braces -= 1,
            TokenKind::RightBrace => {
                let piece = lexer.resume_string(start);
                if piece.kind != TokenKind::StringMiddle {
                    return piece.end;
                }
            }
            TokenKind::StringStart => {
                string_end(lexer, token);
            }
            TokenKind::End => return token.end,
            _ => {}
        }
    }
}
