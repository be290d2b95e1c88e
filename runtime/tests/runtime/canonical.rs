//! The canonical encoding.

use ciborium::Value as Cbor;
use proptest::prelude::*;
use runtime::canonical::{DEEPEST, Item, MapOrder, Reader, decode, encode, sorted};
use runtime::objects::Record;
use runtime::operations::equals;
use runtime::{ErrorKind, Runtime, Tag, Value};

use crate::support::{GREET, Make, POINT, USER, indexed, runtime, runtime_with_limit};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn encoding(runtime: &Runtime, value: Value, order: MapOrder) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(runtime, value, order, &mut bytes).expect("it has an encoding");
    bytes
}

fn encoded(runtime: &Runtime, value: Value) -> String {
    hex(&encoding(runtime, value, MapOrder::Sorted))
}

/// The bytes of the documentation's table; those that RFC 8949, appendix A, has too are the same there.
#[test]
fn values_have_the_documented_bytes() {
    let mut runtime = runtime();
    let ints = [
        (0, "00"),
        (1, "01"),
        (10, "0a"),
        (23, "17"),
        (24, "1818"),
        (100, "1864"),
        (255, "18ff"),
        (256, "190100"),
        (1000, "1903e8"),
        (1_000_000, "1a000f4240"),
        (4_294_967_295, "1affffffff"),
        (1_000_000_000_000, "1b000000e8d4a51000"),
        (i64::MAX, "1b7fffffffffffffff"),
        (-1, "20"),
        (-10, "29"),
        (-24, "37"),
        (-25, "3818"),
        (-100, "3863"),
        (-1000, "3903e7"),
        (i64::MIN, "3b7fffffffffffffff"),
    ];
    for (value, expected) in ints {
        assert_eq!(encoded(&runtime, Value::int(value)), expected, "{value}");
    }
    let floats = [
        (1.1, "fb3ff199999999999a"),
        (1.0, "fb3ff0000000000000"),
        (0.0, "fb0000000000000000"),
        (-0.0, "fb8000000000000000"),
        (f64::INFINITY, "fb7ff0000000000000"),
        (f64::NAN, "fb7ff8000000000000"),
        (-f64::NAN, "fb7ff8000000000000"),
    ];
    for (value, expected) in floats {
        assert_eq!(encoded(&runtime, Value::float(value)), expected, "{value}");
    }
    assert_eq!(encoded(&runtime, Value::FALSE), "f4");
    assert_eq!(encoded(&runtime, Value::TRUE), "f5");
    assert_eq!(encoded(&runtime, Value::NULL), "f6");
    for (text, expected) in [("", "60"), ("a", "6161"), ("IETF", "6449455446"), ("ü", "62c3bc"), ("水", "63e6b0b4")] {
        let text = runtime.text(text);
        assert_eq!(encoded(&runtime, text), expected);
    }
    let text = runtime.text(&"x".repeat(300));
    assert!(encoded(&runtime, text).starts_with("79012c7878"));
    for (json, expected) in [
        ("[]", "80"),
        ("[1, 2, 3]", "83010203"),
        ("[1, [2, 3], [4, 5]]", "8301820203820405"),
        ("[1.5, true, null, \"a\"]", "84fb3ff8000000000000f5f66161"),
        ("{}", "a0"),
        ("{\"a\": 1, \"b\": [2, 3]}", "a26161016162820203"),
    ] {
        let value = runtime.json(json);
        assert_eq!(encoded(&runtime, value), expected, "{json}");
    }
    let fields = [Value::int(3), Value::NULL];
    let point = Record::create(&mut runtime.heap, POINT, true, &fields);
    assert_eq!(encoded(&runtime, point), "d81b8365506f696e7403f6");
}

#[test]
fn maps_are_sorted_for_hashing_and_keep_their_order_otherwise() {
    let mut runtime = runtime();
    let map = runtime.map(&[("bb", Value::int(1)), ("a", Value::int(2)), ("c", Value::int(3))]);
    for key in [Value::int(-1), Value::int(500), Value::int(7), Value::TRUE, Value::FALSE] {
        runtime.set_key(map, key, Value::NULL).expect("room");
    }
    let order = "07f6 1901f4f6 20f6 616102 616303 62626201 f4f6 f5f6";
    assert_eq!(encoded(&runtime, map), format!("a8{}", order.replace(' ', "")));
    let kept = encoding(&runtime, map, MapOrder::Insertion);
    assert_eq!(hex(&kept), "a862626201616102616303 20f6 1901f4f6 07f6 f5f6 f4f6".replace(' ', ""));
    assert_eq!(hex(&sorted(&kept).expect("it is an encoding")), encoded(&runtime, map));
    let back = decode(&mut runtime, &kept, MapOrder::Insertion).expect("it is an encoding");
    assert_eq!(runtime.format(back), runtime.format(map));
    assert_eq!(
        decode(&mut runtime, &kept, MapOrder::Sorted).expect_err("it is not sorted").message,
        "malformed encoding of a value, byte 5: keys out of order"
    );
}

/// A value by its parts, to be made in any runtime.
#[derive(Clone, Debug)]
enum Shape {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Shape>),
    Map(Vec<(Shape, Shape)>),
    Point(Box<[Shape; 2]>),
}

fn shape() -> impl Strategy<Value = Shape> {
    let int = prop_oneof![any::<i64>(), -300..300_i64];
    let key = prop_oneof![
        int.clone().prop_map(Shape::Int),
        any::<bool>().prop_map(Shape::Bool),
        ".{0,12}".prop_map(Shape::Text),
    ];
    let leaf = prop_oneof![
        Just(Shape::Null),
        any::<bool>().prop_map(Shape::Bool),
        int.prop_map(Shape::Int),
        any::<f64>().prop_map(Shape::Float),
        ".{0,30}".prop_map(Shape::Text),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Shape::List),
            prop::collection::vec((key.clone(), inner.clone()), 0..12).prop_map(Shape::Map),
            [inner.clone(), inner].prop_map(|fields| Shape::Point(Box::new(fields))),
        ]
    })
}

fn make(runtime: &mut Runtime, shape: &Shape) -> Value {
    match shape {
        Shape::Null => Value::NULL,
        Shape::Bool(value) => Value::bool(*value),
        Shape::Int(value) => Value::int(*value),
        Shape::Float(value) => Value::float(*value),
        Shape::Text(text) => runtime.text(text),
        Shape::List(elements) => {
            let elements: Vec<Value> = elements.iter().map(|element| make(runtime, element)).collect();
            runtime.list(&elements)
        }
        Shape::Map(entries) => {
            let map = runtime.map(&[]);
            for (key, value) in entries {
                let (key, value) = (make(runtime, key), make(runtime, value));
                runtime.set_key(map, key, value).expect("room");
            }
            map
        }
        Shape::Point(fields) => {
            let fields = [make(runtime, &fields[0]), make(runtime, &fields[1])];
            Record::create(&mut runtime.heap, POINT, true, &fields)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn decoding_gives_back_what_was_encoded(shape in shape()) {
        let mut runtime = runtime();
        let value = make(&mut runtime, &shape);
        let kept = encoding(&runtime, value, MapOrder::Insertion);
        let back = decode(&mut runtime, &kept, MapOrder::Insertion).expect("it is an encoding");
        prop_assert_eq!(runtime.format(back), runtime.format(value));
        prop_assert_eq!(encoding(&runtime, back, MapOrder::Insertion), kept.clone());
        let hashed = encoding(&runtime, value, MapOrder::Sorted);
        let back = decode(&mut runtime, &hashed, MapOrder::Sorted).expect("it is an encoding");
        prop_assert!(equals(back, value) || runtime.format(value).contains("nan"));
        prop_assert_eq!(encoding(&runtime, back, MapOrder::Sorted), hashed.clone());
        prop_assert_eq!(sorted(&kept).expect("it is an encoding"), hashed.clone());
        // A CBOR library reads the same, and all of it.
        let cbor: Cbor = ciborium::from_reader(hashed.as_slice()).expect("it is CBOR");
        let expected = cbor_of(&mut Reader::new(&hashed));
        prop_assert_eq!(format!("{cbor:?}"), format!("{expected:?}"));
    }

    /// Bytes are either the one encoding of the value that is read from them, or refused.
    #[test]
    fn every_bytes_are_the_encoding_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..24)) {
        check_bytes(&bytes);
    }

    #[test]
    fn damaged_encodings_are_other_encodings_or_refused(shape in shape(), at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut runtime = runtime();
        let value = make(&mut runtime, &shape);
        let mut bytes = encoding(&runtime, value, MapOrder::Sorted);
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        check_bytes(&bytes);
        bytes.truncate(at);
        check_bytes(&bytes);
    }
}

fn check_bytes(bytes: &[u8]) {
    let mut runtime = runtime();
    for order in [MapOrder::Sorted, MapOrder::Insertion] {
        if let Ok(value) = decode(&mut runtime, bytes, order) {
            assert_eq!(encoding(&runtime, value, order), bytes, "{order:?}");
        }
        let _ = sorted(bytes);
        let mut reader = Reader::new(bytes);
        let is_item = reader.raw(order).is_ok() && reader.end().is_ok();
        assert!(is_item || decode(&mut runtime, bytes, order).is_err());
    }
}

/// What our reader reads, in the terms of the other library.
fn cbor_of(reader: &mut Reader<'_>) -> Cbor {
    match reader.item().expect("it is an encoding") {
        Item::Null => Cbor::Null,
        Item::Bool(value) => Cbor::Bool(value),
        Item::Int(value) => Cbor::Integer(value.into()),
        Item::Float(value) => Cbor::Float(value),
        Item::String(text) => Cbor::Text(text.to_string()),
        Item::Bytes(bytes) => Cbor::Bytes(bytes.to_vec()),
        Item::List(count) => Cbor::Array((0..count).map(|_| cbor_of(reader)).collect()),
        Item::Map(count) => Cbor::Map((0..count).map(|_| (cbor_of(reader), cbor_of(reader))).collect()),
        Item::Instance(name, count) => {
            let fields = (0..count).map(|_| cbor_of(reader));
            let list = std::iter::once(Cbor::Text(name.to_string())).chain(fields).collect();
            Cbor::Tag(27, Box::new(Cbor::Array(list)))
        }
    }
}

#[test]
fn other_forms_are_refused_with_the_place() {
    let mut runtime = runtime();
    let cases: [(&[u8], &str); 22] = [
        (&[], "byte 0: the encoding ends too early"),
        (&[0x18, 0x17], "byte 0: a number that is longer than needed"),
        (&[0x19, 0x00, 0xff], "byte 0: a number that is longer than needed"),
        (&[0x1a, 0x00, 0x00, 0xff, 0xff], "byte 0: a number that is longer than needed"),
        (&[0x1b, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], "byte 0: a number that is longer than needed"),
        (&[0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0], "byte 0: an integer of more than 64 bits"),
        (&[0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0], "byte 0: an integer of more than 64 bits"),
        (&[0x82, 0x01], "byte 0: it has more elements than bytes are left"),
        (&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "byte 0: it has more elements than bytes are left"),
        (&[0x9f, 0xff], "byte 0: a length that is not given at once"),
        (&[0x61, 0xff], "byte 0: a string that is not UTF-8"),
        (&[0x62, b'a'], "byte 0: it has more elements than bytes are left"),
        (&[0x41, 0x00], "byte 0: bytes are not a guest value"),
        (&[0xa1, 0xf6, 0x01], "byte 1: a key that is no string, integer or bool"),
        (&[0xa2, 0x01, 0x01, 0x01, 0x01], "byte 3: keys out of order"),
        (&[0xa2, 0x02, 0x01, 0x01, 0x01], "byte 3: keys out of order"),
        (&[0xc1, 0x01], "byte 0: an unknown tag"),
        (&[0xd8, 0x1b, 0x80], "byte 0: an instance without the name of its type"),
        (&[0xf7], "byte 0: no value has this form"),
        (&[0xf9, 0x3c, 0x00], "byte 0: no value has this form"),
        (&[0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 1], "byte 0: a NaN in another form"),
        (&[0x01, 0x01], "byte 1: something follows the encoding"),
    ];
    for (bytes, expected) in cases {
        let fault = decode(&mut runtime, bytes, MapOrder::Sorted).expect_err("it is malformed");
        assert_eq!(fault.message, format!("malformed encoding of a value, {expected}"), "{bytes:02x?}");
    }
    let twice = [0xa3, 0x02, 0x01, 0x01, 0x01, 0x02, 0x05];
    let fault = decode(&mut runtime, &twice, MapOrder::Insertion).expect_err("a key comes twice");
    assert_eq!(fault.message, "malformed encoding of a value, byte 7: a map has a key twice");
}

#[test]
fn what_has_no_encoding_is_refused() {
    let mut runtime = runtime();
    let function = indexed(Tag::Function, GREET);
    let list = runtime.list(&[Value::int(1), function]);
    for value in [function, list, indexed(Tag::Type, USER), indexed(Tag::Builtin, 0), indexed(Tag::Module, 0)] {
        let fault = encode(&runtime, value, MapOrder::Sorted, &mut Vec::new()).expect_err("it has none");
        assert_eq!(fault.kind, ErrorKind::Type);
        assert!(fault.message.contains("cannot be hashed or kept in the ledger"), "{}", fault.message);
    }
    let cycle = runtime.list(&[Value::NULL]);
    let inner = runtime.map(&[("back", cycle)]);
    runtime.list_append(cycle, &[inner]).expect("room");
    let fault = encode(&runtime, cycle, MapOrder::Sorted, &mut Vec::new()).expect_err("it has none");
    assert_eq!(fault.message, "a value that contains itself cannot be hashed or kept in the ledger");
    // The same object twice, side by side, is no cycle.
    let shared = runtime.list(&[Value::int(1)]);
    let twice = runtime.list(&[shared, shared]);
    assert_eq!(encoded(&runtime, twice), "8281018101");
}

#[test]
fn nesting_has_a_limit() {
    let mut runtime = runtime();
    let mut value = Value::NULL;
    for _ in 0..DEEPEST {
        value = runtime.list(&[value]);
    }
    let bytes = encoding(&runtime, value, MapOrder::Sorted);
    let back = decode(&mut runtime, &bytes, MapOrder::Sorted).expect("it is as deep as may be");
    assert_eq!(encoding(&runtime, back, MapOrder::Sorted), bytes);
    let deeper = runtime.list(&[value]);
    let fault = encode(&runtime, deeper, MapOrder::Sorted, &mut Vec::new()).expect_err("it is too deep");
    assert!(fault.message.contains("nested more than 1000 deep"), "{}", fault.message);
    let mut bytes = vec![0x81; 1_000_000];
    bytes.push(0);
    assert!(decode(&mut runtime, &bytes, MapOrder::Sorted).is_err());
    assert!(Reader::new(&bytes).raw(MapOrder::Sorted).is_err());
    assert!(sorted(&bytes).is_err());
}

/// A small value whose encoding doubles with each level.
#[test]
fn encodings_fit_the_heap() {
    let mut runtime = runtime_with_limit(1 << 20);
    let mut value = runtime.text("0123456789");
    for _ in 0..100 {
        value = runtime.list(&[value, value]);
    }
    let fault = encode(&runtime, value, MapOrder::Sorted, &mut Vec::new()).expect_err("it is too large");
    assert_eq!(fault.kind, ErrorKind::Heap);
    let text: Vec<u8> = [&[0x9a, 0x00, 0x10, 0x00, 0x00][..], &vec![0x60; 1 << 20]].concat();
    assert_eq!(decode(&mut runtime, &text, MapOrder::Sorted).expect_err("too large").kind, ErrorKind::Heap);
}

#[test]
fn instances_need_their_type() {
    let mut runtime = runtime();
    let fields = [runtime.text("bob"), Value::int(31)];
    let user = Record::create(&mut runtime.heap, USER, false, &fields);
    let bytes = encoding(&runtime, user, MapOrder::Insertion);
    let back = decode(&mut runtime, &bytes, MapOrder::Insertion).expect("the program has the type");
    assert_eq!(runtime.format(back), "User { name: bob, age: 31 }");
    assert!(!back.is_identical(user), "what is kept is a copy");
    let other = b"\xd8\x1b\x82\x65Other\x01";
    let fault = decode(&mut runtime, other, MapOrder::Insertion).expect_err("there is no such type");
    assert_eq!(fault.message, "the ledger has an instance of 'Other' with 1 fields, and the program has no such type");
    let short = b"\xd8\x1b\x82\x64User\x01";
    assert!(decode(&mut runtime, short, MapOrder::Insertion).is_err(), "its type has two fields");
}
