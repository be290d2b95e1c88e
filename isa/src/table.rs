//! The one table that declares the instruction-set family.
//!
//! [`for_each_operation!`](crate::for_each_operation) holds a row for every operation and hands all rows to a callback macro. Both opcode
//! enums, the facts about them, the assembler and disassembler, the verifiers, the gas table and the reference page are
//! callbacks or read what a callback made; nothing about an operation is written anywhere else except its meaning (`runtime`) and
//! the machines' handlers.
//!
//! # Names
//!
//! ```text
//! stack form      VERB | VERB_OBJECT                 ADD, LOAD_LOCAL, CALL_METHOD
//! register form   NAME_REG                           ADD_REG: the register form of ADD
//!                 NAME_INT, NAME_CONST               right operand is a 16-bit integer / a constant
//!                 CONST_NAME                         left operand is a constant
//!                 JUMP_CMP, JUMP_NOT_CMP             compare and branch, fused
//! ```
//!
//! # Numbers
//!
//! 1-255 are stack operations and 200-241 the register operations that the family fixes; a register form without a fixed number is
//! 400 plus its stack operation's; operations that only the register form has are 330-399. The numbers are for people and for files;
//! inside a machine opcodes are the dense discriminants of [`StackOp`](crate::StackOp) and [`RegisterOp`](crate::RegisterOp).
//!
//! # Stack rows
//!
//! `number Variant "MNEMONIC" operand, pops -> pushes, effects, gas, "meaning";` A count that depends on the operand is written
//! `n` (one item an operand count), `[n+1]` or `[2*n]`.
//!
//! # Register rows
//!
//! `number Variant "MNEMONIC" of StackVariant, (lane a, lane b, lane c), "meaning";` Effects and gas are those of the stack operation named.

/// Calls `$callback!` with every row of the family.
#[macro_export]
macro_rules! for_each_operation {
    ($callback:ident) => {
        $callback! {
            stack {
                1 LoadConst "LOAD_CONST" Constant, 0 -> 1, PURE, 1, "push K[k]";
                2 LoadName "LOAD_NAME" Global, 0 -> 1, READ | FAIL, 2, "push G[g]; error if it was never set";
                3 StoreName "STORE_NAME" Global, 1 -> 0, WRITE, 2, "v → ; G[g] := v";
                4 StoreFunc "STORE_FUNC" Function, 0 -> 0, WRITE, 3, "G[F[f].global] := F[f]: binds a hoisted function to its global";
                5 Pop "POP" None, 1 -> 0, PURE, 1, "v → ";
                6 Dup "DUP" None, 1 -> 2, PURE, 1, "v → v v";
                7 LoadLocal "LOAD_LOCAL" Local, 0 -> 1, PURE, 1, "push L[n]";
                8 StoreLocal "STORE_LOCAL" Local, 1 -> 0, PURE, 1, "v → ; L[n] := v";
                9 CheckLocal "CHECK_LOCAL" Local, 0 -> 0, FAIL, 1, "error if L[n] was never set";
                10 Add "ADD" None, 2 -> 1, ALLOCATE | FAIL, 3, "a b → a + b";
                11 Sub "SUB" None, 2 -> 1, FAIL, 3, "a b → a - b";
                12 Mul "MUL" None, 2 -> 1, ALLOCATE | FAIL, 5, "a b → a * b";
                13 Div "DIV" None, 2 -> 1, FAIL, 10, "a b → a / b, floored for two integers";
                14 Mod "MOD" None, 2 -> 1, FAIL, 10, "a b → a % b, with the sign of b";
                15 Pow "POW" None, 2 -> 1, FAIL, 20, "a b → a ** b";
                16 Neg "NEG" None, 1 -> 1, FAIL, 2, "a → -a";
                17 MakeCell "MAKE_CELL" Local, 0 -> 0, ALLOCATE, 2, "L[n] := a new cell that holds L[n]";
                18 LoadCell "LOAD_CELL" Local, 0 -> 1, READ | FAIL, 2, "push what cell L[n] holds; error if it was never set";
                19 StoreCell "STORE_CELL" Local, 1 -> 0, WRITE, 2, "v → ; cell L[n] := v";
                20 Eq "EQ" None, 2 -> 1, READ, 2, "a b → a == b, by value";
                21 Neq "NEQ" None, 2 -> 1, READ, 2, "a b → a != b";
                22 Lt "LT" None, 2 -> 1, READ | FAIL, 2, "a b → a < b";
                23 Gt "GT" None, 2 -> 1, READ | FAIL, 2, "a b → a > b";
                24 Lte "LTE" None, 2 -> 1, READ | FAIL, 2, "a b → a <= b";
                25 Gte "GTE" None, 2 -> 1, READ | FAIL, 2, "a b → a >= b";
                26 In "IN" None, 2 -> 1, READ | FAIL, 3, "a b → whether b contains a";
                27 LoadCapture "LOAD_CAPTURE" Capture, 0 -> 1, FAIL, 2, "push captured value c; error if it was never set";
                28 LoadCaptureCell "LOAD_CAPTURE_CELL" Capture, 0 -> 1, READ | FAIL, 2, "push what captured cell c holds; error if it was never set";
                29 StoreCaptureCell "STORE_CAPTURE_CELL" Capture, 1 -> 0, WRITE, 2, "v → ; captured cell c := v";
                30 And "AND" None, 2 -> 1, READ, 2, "a b → whether both hold (both are evaluated)";
                31 Or "OR" None, 2 -> 1, READ, 2, "a b → whether either holds (both are evaluated)";
                32 Not "NOT" None, 1 -> 1, READ, 2, "a → whether a does not hold";
                33 ToBool "TO_BOOL" None, 1 -> 1, READ, 2, "a → whether a holds";
                34 IsSet "IS_SET" Local, 0 -> 1, PURE, 1, "push whether L[n] was ever set";
                35 Unset "UNSET" Local, 0 -> 0, PURE, 1, "L[n] := unset";
                36 IsInstance "IS_INSTANCE" Type, 1 -> 1, PURE, 2, "v → whether v is an instance of T[t] or of a type that extends it";
                37 RangeBound "RANGE_BOUND" None, 1 -> 1, FAIL, 2, "v → v as an integer bound of range(): floats are truncated";
                40 Jump "JUMP" Jump, 0 -> 0, CONTROL, 2, "go to t, which is ahead";
                41 JumpIfFalse "JUMP_IF_FALSE" Jump, 1 -> 0, CONTROL | READ, 3, "c → ; go to t, which is ahead, unless c holds";
                42 JumpIfTrue "JUMP_IF_TRUE" Jump, 1 -> 0, CONTROL | READ, 3, "c → ; go to t, which is ahead, if c holds";
                43 Return "RETURN" None, 1 -> 0, CONTROL, 2, "v → ; leave the function with v";
                44 JumpIfNotNull "JUMP_IF_NOT_NULL" Jump, 1 -> 0, CONTROL, 3, "v → ; go to t, which is ahead, unless v is null";
                45 Loop "LOOP" Jump, 0 -> 0, CONTROL | FUEL, 2, "begin a loop iteration at t: takes a unit of fuel";
                46 ForPrepare "FOR_PREPARE" Local, 1 -> 0, CONTROL | FAIL, 3, "start → ; if counting from start to L[n+1] by L[n+2] takes a step, L[n] := start; otherwise skip the next instruction; error if the step is 0";
                47 ForLoop "FOR_LOOP" Local, 0 -> 0, CONTROL | FAIL, 3, "add the step L[n+2] to L[n]; if that reaches L[n+1], leave L[n] as it was and skip the next instruction";
                48 IterPrepare "ITER_PREPARE" None, 1 -> 1, ALLOCATE | FAIL, 3, "v → what FOR_ITER walks; error if v cannot be iterated";
                49 LoopIfTrue "LOOP_IF_TRUE" Jump, 1 -> 0, CONTROL | READ | FUEL, 3, "c → ; begin a loop iteration at t if c holds: takes a unit of fuel then";
                50 CallName "CALL_NAME" GlobalCall, n -> 1, CALL, 10, "args → r; call G[g]";
                51 CallFuncConst "CALL_FUNC_CONST" FunctionCall, n -> 1, CALL, 10, "args → r; call F[f]";
                52 CallTop "CALL_TOP" Arguments, [n+1] -> 1, CALL, 10, "f args → r; call f";
                53 CallBuiltin "CALL_BUILTIN" BuiltinCall, n -> 1, ALLOCATE | READ | WRITE | FAIL | OUTPUT, 8, "args → r; call builtin b";
                54 CallMethod "CALL_METHOD" MethodCall, [n+1] -> 1, CALL, 10, "o args → r; call method N[m] of o";
                55 MakeFunction "MAKE_FUNCTION" Function, 0 -> 1, ALLOCATE | READ, 3, "push F[f] with the variables it captures";
                56 Construct "CONSTRUCT" None, 2 -> 1, CALL, 10, "t m → instance of type t with the fields of map m";
                57 NewRecord "NEW_RECORD" TypeCall, n -> 1, ALLOCATE | FAIL, 8, "args → instance of T[t] with its leading fields given";
                58 NewContract "NEW_CONTRACT" Type, 0 -> 1, ALLOCATE | WRITE | FAIL, 50, "push a new contract of T[t], whose fields are unset";
                59 ListAppend "LIST_APPEND" Count, [n+1] -> 1, ALLOCATE | WRITE, 5, "l v1..vn → l with the values appended in place";
                60 BuildList "BUILD_LIST" Count, n -> 1, ALLOCATE, 5, "v1..vn → new list";
                61 BuildMap "BUILD_MAP" Count, [2*n] -> 1, ALLOCATE | FAIL, 5, "k1 v1..kn vn → new map";
                62 BuildSet "BUILD_SET" Count, n -> 1, ALLOCATE | FAIL, 5, "v1..vn → new list of the distinct values";
                63 Index "INDEX" None, 2 -> 1, ALLOCATE | READ | FAIL, 3, "o i → o[i], null where there is nothing";
                64 Slice "SLICE" None, 3 -> 1, ALLOCATE | READ | FAIL, 5, "o a b → o[a:b]; null bounds are the ends";
                65 GetAttr "GET_ATTR" Name, 1 -> 1, READ | FAIL, 3, "o → o.N[m], null where there is nothing";
                66 SetIndex "SET_INDEX" None, 3 -> 0, WRITE | ALLOCATE | FAIL, 5, "o i v → ; o[i] := v";
                67 SetAttr "SET_ATTR" Name, 2 -> 0, WRITE | ALLOCATE | FAIL, 5, "o v → ; o.N[m] := v";
                68 GetLength "GET_LENGTH" None, 1 -> 1, READ | FAIL, 2, "o → how many elements, entries or characters it has";
                69 BuildString "BUILD_STRING" Count, n -> 1, ALLOCATE | FAIL, 5, "v1..vn → their printed forms joined";
                70 Spawn "SPAWN" Arguments, [n+1] -> 1, READ | WRITE | ALLOCATE | FAIL, 20, "f args → task that is going to call f; it stands in the queue";
                71 Await "AWAIT" None, 1 -> 1, CALL, 5, "v → its value if v is a task, which is waited for or whose error is thrown; else v";
                72 SpawnCall "SPAWN_CALL" None, 0 -> 0, READ | WRITE | ALLOCATE | FAIL, 20, "the running call becomes a task: its caller gets the task, and goes on when it waits or ends";
                73 SpawnMethod "SPAWN_METHOD" MethodCall, [n+1] -> 1, READ | WRITE | ALLOCATE | FAIL, 20, "o args → task that is going to call method N[m] of o; it stands in the queue";
                80 RegisterEvent "REGISTER_EVENT" None, 2 -> 0, WRITE | FAIL, 10, "e h → ; h is called whenever event e is emitted";
                81 EmitEvent "EMIT_EVENT" Name, 1 -> 1, READ | WRITE | ALLOCATE | FAIL, 10, "list of arguments → list of the handlers to call; event N[m] is appended to the log";
                90 Import "IMPORT" Module, 0 -> 0, CALL, 10, "run module m unless it has run";
                110 HashBlock "HASH_BLOCK" None, 2 -> 1, READ | ALLOCATE | FAIL, 50, "v a → hex digest of the canonical encoding of v by algorithm a";
                111 VerifySignature "VERIFY_SIGNATURE" None, 3 -> 1, READ | FAIL, 3000, "message signature key → whether the signature is good";
                112 MerkleRoot "MERKLE_ROOT" None, 1 -> 1, READ | ALLOCATE | FAIL, 50, "list → hex Merkle root of its elements";
                113 StateRead "STATE_READ" None, 1 -> 1, READ | ALLOCATE | FAIL, 20, "key → what the state has there, null where nothing";
                114 StateWrite "STATE_WRITE" None, 2 -> 0, READ | WRITE | FAIL, 50, "key v → ; the state has v at key";
                115 TxBegin "TX_BEGIN" Name, 1 -> 0, READ | WRITE | FAIL, 10, "c → ; begin a transaction: a call of action N[m] of contract c, unless c is null";
                116 TxCommit "TX_COMMIT" None, 1 -> 1, READ | WRITE | ALLOCATE | FAIL, 10, "v → v as the caller gets it; end the innermost transaction";
                117 TxRevert "TX_REVERT" None, 0 -> 0, WRITE | FAIL, 10, "end the innermost transaction and undo what it did";
                118 GasCharge "GAS_CHARGE" None, 1 -> 0, WRITE | FAIL, 2, "amount → ; charge that much gas";
                119 LedgerAppend "LEDGER_APPEND" None, 1 -> 1, READ | WRITE | ALLOCATE | FAIL, 50, "entry → its index in the ledger";
                120 Meter "METER" Gas, 0 -> 0, FUEL | FAIL, 0, "take n gas: what follows costs that much until the next METER";
                121 AddAttr "ADD_ATTR" Name, 2 -> 0, READ | WRITE | ALLOCATE | FAIL, 12, "o v → ; o.N[m] := o.N[m] + v";
                122 AddIndex "ADD_INDEX" None, 3 -> 0, READ | WRITE | ALLOCATE | FAIL, 15, "o i v → ; o[i] := o[i] + v";
                130 Require "REQUIRE" None, 2 -> 0, READ | FAIL, 5, "c m → ; error `Requirement failed: m` unless c holds";
                142 Throw "THROW" None, 1 -> 0, CONTROL | FAIL, 5, "v → ; throw v";
                150 ForIter "FOR_ITER" Local, 0 -> 1, CONTROL | READ | ALLOCATE, 3, "push the element (of a map: the key) at position L[n+1] of L[n] and advance the position; at the end push null and skip the next instruction";
                151 ForPair "FOR_PAIR" Local, 0 -> 1, CONTROL | READ | ALLOCATE, 3, "as FOR_ITER, pushing the index (of a map: the key)";
                152 IterValue "ITER_VALUE" Local, 0 -> 1, READ | ALLOCATE, 2, "push the element or map value that the last FOR_PAIR over L[n], L[n+1] visited";
                180 LoadLocals "LOAD_LOCALS" LocalPair, 0 -> 2, PURE, 2, "push L[n], push L[m]";
                181 LoadLocalConst "LOAD_LOCAL_CONST" LocalConstant, 0 -> 2, PURE, 2, "push L[n], push K[k]";
                182 StoreLoad "STORE_LOAD" LocalPair, 1 -> 1, PURE, 2, "v → ; L[n] := v, push L[m]";
                250 Print "PRINT" Count, n -> 0, READ | OUTPUT | FAIL, 10, "v1..vn → ; print them, spaces between, newline at the end";
                255 Nop "NOP" None, 0 -> 0, PURE, 0, "nothing";
            }
            register {
                200 LoadReg "LOAD_REG" of LoadConst, (Def, ConstantWide, Wide), "R[a] := K[k]";
                201 LoadVarReg "LOAD_VAR_REG" of LoadName, (Def, GlobalWide, Wide), "R[a] := G[g]; error if it was never set";
                202 StoreReg "STORE_REG" of StoreName, (Use, GlobalWide, Wide), "G[g] := R[a]";
                203 MovReg "MOV_REG" of StoreLocal, (Def, Use, None), "R[a] := R[b]";
                210 AddReg "ADD_REG" of Add, (Def, Use, Use), "R[a] := R[b] + R[c]";
                211 SubReg "SUB_REG" of Sub, (Def, Use, Use), "R[a] := R[b] - R[c]";
                212 MulReg "MUL_REG" of Mul, (Def, Use, Use), "R[a] := R[b] * R[c]";
                213 DivReg "DIV_REG" of Div, (Def, Use, Use), "R[a] := R[b] / R[c]";
                214 ModReg "MOD_REG" of Mod, (Def, Use, Use), "R[a] := R[b] % R[c]";
                215 PowReg "POW_REG" of Pow, (Def, Use, Use), "R[a] := R[b] ** R[c]";
                216 NegReg "NEG_REG" of Neg, (Def, Use, None), "R[a] := -R[b]";
                220 EqReg "EQ_REG" of Eq, (Def, Use, Use), "R[a] := R[b] == R[c]";
                221 NeqReg "NEQ_REG" of Neq, (Def, Use, Use), "R[a] := R[b] != R[c]";
                222 LtReg "LT_REG" of Lt, (Def, Use, Use), "R[a] := R[b] < R[c]";
                223 GtReg "GT_REG" of Gt, (Def, Use, Use), "R[a] := R[b] > R[c]";
                224 LteReg "LTE_REG" of Lte, (Def, Use, Use), "R[a] := R[b] <= R[c]";
                225 GteReg "GTE_REG" of Gte, (Def, Use, Use), "R[a] := R[b] >= R[c]";
                230 AndReg "AND_REG" of And, (Def, Use, Use), "R[a] := whether R[b] and R[c] hold";
                231 OrReg "OR_REG" of Or, (Def, Use, Use), "R[a] := whether R[b] or R[c] holds";
                232 NotReg "NOT_REG" of Not, (Def, Use, None), "R[a] := whether R[b] does not hold";
                240 PushReg "PUSH_REG" of LoadLocal, (Def, Use, None), "push R[b] in an island of stack code: R[a], the next place of its operand stack, := R[b]";
                241 PopReg "POP_REG" of StoreLocal, (Def, Use, None), "pop in an island of stack code: R[a] := R[b], the top of its operand stack";

                330 CountedLoop "COUNTED_LOOP" of ForLoop, (UseDef, Use, Offset), "if R[a] + 1 < R[b]: R[a] := R[a] + 1 and begin an iteration at t";
                331 SetCapture "SET_CAPTURE" of StoreCaptureCell, (Use, Index, Use), "captured variable i of the new function R[a] := R[c]";
                332 LoadInt "LOAD_INT" of LoadConst, (Def, IntWide, Wide), "R[a] := the integer i";
                333 LoadSpill "LOAD_SPILL" of LoadLocal, (Def, Slot, None), "R[a] := S[b]: reload";
                334 StoreSpill "STORE_SPILL" of StoreLocal, (Use, Slot, None), "S[b] := R[a]: spill";
                335 LoadUnset "LOAD_UNSET" of Unset, (Def, None, None), "R[a] := unset";
                336 AddInt "ADD_INT" of Add, (Def, Use, Int), "R[a] := R[b] + i";
                337 SubInt "SUB_INT" of Sub, (Def, Use, Int), "R[a] := R[b] - i";
                338 MulInt "MUL_INT" of Mul, (Def, Use, Int), "R[a] := R[b] * i";
                339 DivInt "DIV_INT" of Div, (Def, Use, Int), "R[a] := R[b] / i";
                340 ModInt "MOD_INT" of Mod, (Def, Use, Int), "R[a] := R[b] % i";
                341 AddConst "ADD_CONST" of Add, (Def, Use, Constant), "R[a] := R[b] + K[k]";
                342 SubConst "SUB_CONST" of Sub, (Def, Use, Constant), "R[a] := R[b] - K[k]";
                343 MulConst "MUL_CONST" of Mul, (Def, Use, Constant), "R[a] := R[b] * K[k]";
                344 DivConst "DIV_CONST" of Div, (Def, Use, Constant), "R[a] := R[b] / K[k]";
                345 ModConst "MOD_CONST" of Mod, (Def, Use, Constant), "R[a] := R[b] % K[k]";
                346 ConstAdd "CONST_ADD" of Add, (Def, Constant, Use), "R[a] := K[k] + R[c]";
                347 ConstSub "CONST_SUB" of Sub, (Def, Constant, Use), "R[a] := K[k] - R[c]";
                348 ConstMul "CONST_MUL" of Mul, (Def, Constant, Use), "R[a] := K[k] * R[c]";
                349 ConstDiv "CONST_DIV" of Div, (Def, Constant, Use), "R[a] := K[k] / R[c]";
                350 JumpEq "JUMP_EQ" of Eq, (Use, Use, Offset), "go to t if R[a] == R[b]; going back begins an iteration";
                351 JumpNeq "JUMP_NEQ" of Neq, (Use, Use, Offset), "go to t if R[a] != R[b]";
                352 JumpLt "JUMP_LT" of Lt, (Use, Use, Offset), "go to t if R[a] < R[b]";
                353 JumpNotLt "JUMP_NOT_LT" of Lt, (Use, Use, Offset), "go to t unless R[a] < R[b]";
                354 JumpGt "JUMP_GT" of Gt, (Use, Use, Offset), "go to t if R[a] > R[b]";
                355 JumpNotGt "JUMP_NOT_GT" of Gt, (Use, Use, Offset), "go to t unless R[a] > R[b]";
                356 JumpLte "JUMP_LTE" of Lte, (Use, Use, Offset), "go to t if R[a] <= R[b]";
                357 JumpNotLte "JUMP_NOT_LTE" of Lte, (Use, Use, Offset), "go to t unless R[a] <= R[b]";
                358 JumpGte "JUMP_GTE" of Gte, (Use, Use, Offset), "go to t if R[a] >= R[b]";
                359 JumpNotGte "JUMP_NOT_GTE" of Gte, (Use, Use, Offset), "go to t unless R[a] >= R[b]";
                360 JumpEqInt "JUMP_EQ_INT" of Eq, (Use, Int, Offset), "go to t if R[a] == i";
                361 JumpNeqInt "JUMP_NEQ_INT" of Neq, (Use, Int, Offset), "go to t if R[a] != i";
                362 JumpLtInt "JUMP_LT_INT" of Lt, (Use, Int, Offset), "go to t if R[a] < i";
                363 JumpNotLtInt "JUMP_NOT_LT_INT" of Lt, (Use, Int, Offset), "go to t unless R[a] < i";
                364 JumpGtInt "JUMP_GT_INT" of Gt, (Use, Int, Offset), "go to t if R[a] > i";
                365 JumpNotGtInt "JUMP_NOT_GT_INT" of Gt, (Use, Int, Offset), "go to t unless R[a] > i";
                366 JumpLteInt "JUMP_LTE_INT" of Lte, (Use, Int, Offset), "go to t if R[a] <= i";
                367 JumpNotLteInt "JUMP_NOT_LTE_INT" of Lte, (Use, Int, Offset), "go to t unless R[a] <= i";
                368 JumpGteInt "JUMP_GTE_INT" of Gte, (Use, Int, Offset), "go to t if R[a] >= i";
                369 JumpNotGteInt "JUMP_NOT_GTE_INT" of Gte, (Use, Int, Offset), "go to t unless R[a] >= i";
                370 JumpEqConst "JUMP_EQ_CONST" of Eq, (Use, Constant, Offset), "go to t if R[a] == K[k]";
                371 JumpNeqConst "JUMP_NEQ_CONST" of Neq, (Use, Constant, Offset), "go to t if R[a] != K[k]";
                372 JumpLtConst "JUMP_LT_CONST" of Lt, (Use, Constant, Offset), "go to t if R[a] < K[k]";
                373 JumpNotLtConst "JUMP_NOT_LT_CONST" of Lt, (Use, Constant, Offset), "go to t unless R[a] < K[k]";
                374 JumpGtConst "JUMP_GT_CONST" of Gt, (Use, Constant, Offset), "go to t if R[a] > K[k]";
                375 JumpNotGtConst "JUMP_NOT_GT_CONST" of Gt, (Use, Constant, Offset), "go to t unless R[a] > K[k]";
                376 JumpLteConst "JUMP_LTE_CONST" of Lte, (Use, Constant, Offset), "go to t if R[a] <= K[k]";
                377 JumpNotLteConst "JUMP_NOT_LTE_CONST" of Lte, (Use, Constant, Offset), "go to t unless R[a] <= K[k]";
                378 JumpGteConst "JUMP_GTE_CONST" of Gte, (Use, Constant, Offset), "go to t if R[a] >= K[k]";
                379 JumpNotGteConst "JUMP_NOT_GTE_CONST" of Gte, (Use, Constant, Offset), "go to t unless R[a] >= K[k]";

                404 StoreFuncReg "STORE_FUNC_REG" of StoreFunc, (None, Function, None), "G[F[f].global] := F[f]";
                409 CheckReg "CHECK_REG" of CheckLocal, (Use, Name, None), "error naming N[m] if R[a] was never set";
                417 MakeCellReg "MAKE_CELL_REG" of MakeCell, (Def, Use, None), "R[a] := a new cell that holds R[b]";
                418 LoadCellReg "LOAD_CELL_REG" of LoadCell, (Def, Use, Name), "R[a] := what cell R[b] holds; error naming N[m] if it was never set";
                419 StoreCellReg "STORE_CELL_REG" of StoreCell, (Use, Use, None), "cell R[a] := R[b]";
                426 InReg "IN_REG" of In, (Def, Use, Use), "R[a] := whether R[c] contains R[b]";
                427 LoadCaptureReg "LOAD_CAPTURE_REG" of LoadCapture, (Def, Capture, None), "R[a] := captured value i; error if it was never set";
                428 LoadCaptureCellReg "LOAD_CAPTURE_CELL_REG" of LoadCaptureCell, (Def, Capture, None), "R[a] := what captured cell i holds; error if it was never set";
                429 StoreCaptureCellReg "STORE_CAPTURE_CELL_REG" of StoreCaptureCell, (Use, Capture, None), "captured cell i := R[a]";
                433 ToBoolReg "TO_BOOL_REG" of ToBool, (Def, Use, None), "R[a] := whether R[b] holds";
                434 IsSetReg "IS_SET_REG" of IsSet, (Def, Use, None), "R[a] := whether R[b] was ever set";
                436 IsInstanceReg "IS_INSTANCE_REG" of IsInstance, (Def, Use, Type), "R[a] := whether R[b] is an instance of T[t] or of a type that extends it";
                437 RangeBoundReg "RANGE_BOUND_REG" of RangeBound, (Def, Use, None), "R[a] := R[b] as an integer bound of range()";
                440 JumpReg "JUMP_REG" of Jump, (None, OffsetWide, Wide), "go to t";
                441 JumpIfFalseReg "JUMP_IF_FALSE_REG" of JumpIfFalse, (Use, OffsetWide, Wide), "go to t unless R[a] holds";
                442 JumpIfTrueReg "JUMP_IF_TRUE_REG" of JumpIfTrue, (Use, OffsetWide, Wide), "go to t if R[a] holds";
                443 ReturnReg "RETURN_REG" of Return, (Use, None, None), "leave the function with R[a]";
                444 JumpIfNotNullReg "JUMP_IF_NOT_NULL_REG" of JumpIfNotNull, (Use, OffsetWide, Wide), "go to t unless R[a] is null";
                445 LoopReg "LOOP_REG" of Loop, (None, OffsetWide, Wide), "begin an iteration at t";
                446 ForPrepareReg "FOR_PREPARE_REG" of ForPrepare, (Use, Use, Use), "skip the next instruction if counting from R[a] to R[b] by R[c] takes no step; error if the step is 0";
                447 ForLoopReg "FOR_LOOP_REG" of ForLoop, (UseDef, Use, Use), "if R[a] + R[c] stays before R[b], R[a] becomes it; otherwise skip the next instruction";
                448 IterPrepareReg "ITER_PREPARE_REG" of IterPrepare, (Def, Use, None), "R[a] := what FOR_ITER walks of R[b]";
                450 CallNameReg "CALL_NAME_REG" of CallName, (Window, Global, Arguments), "R[a] := G[g](R[a], … n arguments)";
                451 CallFuncConstReg "CALL_FUNC_CONST_REG" of CallFuncConst, (Window, Function, Arguments), "R[a] := F[f](R[a], … n arguments)";
                452 CallTopReg "CALL_TOP_REG" of CallTop, (Window, Use, Arguments), "R[a] := R[b](R[a], … n arguments)";
                453 CallBuiltinReg "CALL_BUILTIN_REG" of CallBuiltin, (Window, Builtin, Arguments), "R[a] := builtin b(R[a], … n arguments)";
                454 CallMethodReg "CALL_METHOD_REG" of CallMethod, (ReceiverWindow, Name, Arguments), "R[a] := R[a].N[m](R[a+1], … n arguments)";
                455 MakeFunctionReg "MAKE_FUNCTION_REG" of MakeFunction, (Def, Function, None), "R[a] := F[f]; SET_CAPTURE gives it this frame's variables";
                456 ConstructReg "CONSTRUCT_REG" of Construct, (ConstructWindow, None, None), "R[a] := instance of type R[a] with the fields of map R[a+1]";
                457 NewRecordReg "NEW_RECORD_REG" of NewRecord, (Window, Type, Arguments), "R[a] := instance of T[t] with fields R[a], … n values";
                458 NewContractReg "NEW_CONTRACT_REG" of NewContract, (Def, Type, None), "R[a] := new contract of T[t], whose fields are unset";
                459 ListAppendReg "LIST_APPEND_REG" of ListAppend, (ReceiverWindow, None, Arguments), "list R[a] gets R[a+1], … n values";
                460 BuildListReg "BUILD_LIST_REG" of BuildList, (Window, None, Arguments), "R[a] := new list of R[a], … n values";
                461 BuildMapReg "BUILD_MAP_REG" of BuildMap, (PairWindow, None, Arguments), "R[a] := new map of the n pairs from R[a]";
                462 BuildSetReg "BUILD_SET_REG" of BuildSet, (Window, None, Arguments), "R[a] := new list of the distinct values among R[a], … n values";
                463 IndexReg "INDEX_REG" of Index, (Def, Use, Use), "R[a] := R[b][R[c]]";
                464 SliceReg "SLICE_REG" of Slice, (SliceWindow, None, None), "R[a] := R[a][R[a+1]:R[a+2]]";
                465 GetAttrReg "GET_ATTR_REG" of GetAttr, (Def, Use, Name), "R[a] := R[b].N[m]";
                466 SetIndexReg "SET_INDEX_REG" of SetIndex, (Use, Use, Use), "R[a][R[b]] := R[c]";
                467 SetAttrReg "SET_ATTR_REG" of SetAttr, (Use, Name, Use), "R[a].N[m] := R[c]";
                468 GetLengthReg "GET_LENGTH_REG" of GetLength, (Def, Use, None), "R[a] := length of R[b]";
                469 BuildStringReg "BUILD_STRING_REG" of BuildString, (Window, None, Arguments), "R[a] := printed forms of R[a], … n values joined";
                449 LoopIfTrueReg "LOOP_IF_TRUE_REG" of LoopIfTrue, (Use, OffsetWide, Wide), "begin an iteration at t if R[a] holds";
                470 SpawnReg "SPAWN_REG" of Spawn, (ReceiverWindow, None, Arguments), "R[a] := task that is going to call R[a] with R[a+1], … n arguments";
                471 AwaitReg "AWAIT_REG" of Await, (Def, Use, None), "R[a] := the value of task R[b], which is waited for; R[b] itself if it is none";
                472 SpawnCallReg "SPAWN_CALL_REG" of SpawnCall, (None, None, None), "the running call becomes a task";
                473 SpawnMethodReg "SPAWN_METHOD_REG" of SpawnMethod, (ReceiverWindow, Name, Arguments), "R[a] := task that is going to call method N[m] of R[a] with R[a+1], … n arguments";
                480 RegisterEventReg "REGISTER_EVENT_REG" of RegisterEvent, (Use, Use, None), "R[b] is called whenever event R[a] is emitted";
                481 EmitEventReg "EMIT_EVENT_REG" of EmitEvent, (Def, Use, Name), "append event N[m] with the arguments in list R[b] to the log; R[a] := list of the handlers to call";
                490 ImportReg "IMPORT_REG" of Import, (Module, None, Clobber), "run module m unless it has run; its frame begins at R[c]";
                510 HashBlockReg "HASH_BLOCK_REG" of HashBlock, (Def, Use, Use), "R[a] := hex digest of the canonical encoding of R[b] by algorithm R[c]";
                511 VerifySignatureReg "VERIFY_SIGNATURE_REG" of VerifySignature, (SliceWindow, None, None), "R[a] := whether R[a+1] is a good signature of message R[a] by key R[a+2]";
                512 MerkleRootReg "MERKLE_ROOT_REG" of MerkleRoot, (Def, Use, None), "R[a] := hex Merkle root of the elements of list R[b]";
                513 StateReadReg "STATE_READ_REG" of StateRead, (Def, Use, None), "R[a] := what the state has at key R[b]";
                514 StateWriteReg "STATE_WRITE_REG" of StateWrite, (Use, Use, None), "the state has R[b] at key R[a]";
                515 TxBeginReg "TX_BEGIN_REG" of TxBegin, (Use, Name, None), "begin a transaction: a call of action N[m] of contract R[a], unless that is null";
                516 TxCommitReg "TX_COMMIT_REG" of TxCommit, (Def, Use, None), "R[a] := R[b] as the caller gets it; end the innermost transaction";
                517 TxRevertReg "TX_REVERT_REG" of TxRevert, (None, None, None), "end the innermost transaction and undo what it did";
                518 GasChargeReg "GAS_CHARGE_REG" of GasCharge, (Use, None, None), "charge R[a] gas";
                519 LedgerAppendReg "LEDGER_APPEND_REG" of LedgerAppend, (Def, Use, None), "R[a] := index in the ledger of the new entry R[b]";
                520 MeterReg "METER_REG" of Meter, (None, IntWide, Wide), "take n gas: what follows costs that much until the next METER_REG";
                521 AddAttrReg "ADD_ATTR_REG" of AddAttr, (Use, Name, Use), "R[a].N[m] := R[a].N[m] + R[c]";
                522 AddIndexReg "ADD_INDEX_REG" of AddIndex, (Use, Use, Use), "R[a][R[b]] := R[a][R[b]] + R[c]";
                530 RequireReg "REQUIRE_REG" of Require, (Use, Use, None), "error `Requirement failed: R[b]` unless R[a] holds";
                542 ThrowReg "THROW_REG" of Throw, (Use, None, None), "throw R[a]";
                550 ForIterReg "FOR_ITER_REG" of ForIter, (Def, Use, UseDef), "R[a] := element (of a map: key) at position R[c] of R[b], and advance R[c]; at the end R[a] := null and skip the next instruction";
                551 ForPairReg "FOR_PAIR_REG" of ForPair, (Def, Use, UseDef), "as FOR_ITER_REG, giving the index (of a map: the key)";
                552 IterValueReg "ITER_VALUE_REG" of IterValue, (Def, Use, Use), "R[a] := element or map value that the last FOR_PAIR_REG over R[b], R[c] visited";
                650 PrintReg "PRINT_REG" of Print, (UseWindow, None, Arguments), "print R[a], … n values";
                655 NopReg "NOP_REG" of Nop, (None, None, None), "nothing";
            }
        }
    };
}

/// What an operation does besides computing its result from its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effects(u16);

impl Effects {
    /// Nothing: the result depends on the operands alone.
    pub const PURE: Self = Self(0);
    /// Reads memory that other operations change.
    pub const READ: Self = Self(1);
    /// Changes memory.
    pub const WRITE: Self = Self(1 << 1);
    /// May raise an error or throw.
    pub const FAIL: Self = Self(1 << 2);
    /// May allocate, which may start a collection.
    pub const ALLOCATE: Self = Self(1 << 3);
    /// Prints.
    pub const OUTPUT: Self = Self(1 << 4);
    /// Decides what runs next.
    pub const CONTROL: Self = Self(1 << 5);
    /// Takes fuel or gas.
    pub const FUEL: Self = Self(1 << 6);
    /// Runs guest code, so everything above.
    pub const CALL: Self = Self(1 << 7 | 0b101_1111);

    /// Both sets of effects.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True when every effect of `other` is among these.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// True when the operation may be left out if its result is not needed, and repeated.
    pub const fn is_pure(self) -> bool {
        self.0 == 0
    }

    /// The names of the effects, for listings.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        const NAMES: [(Effects, &str); 8] = [
            (Effects(1 << 7), "call"),
            (Effects::READ, "read"),
            (Effects::WRITE, "write"),
            (Effects::FAIL, "fail"),
            (Effects::ALLOCATE, "allocate"),
            (Effects::OUTPUT, "output"),
            (Effects::CONTROL, "control"),
            (Effects::FUEL, "fuel"),
        ];
        NAMES.into_iter().filter(move |(effect, _)| self.contains(*effect)).map(|(_, name)| name)
    }
}

impl std::ops::BitOr for Effects {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}
