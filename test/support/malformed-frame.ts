/**
 * What clients send that isn't quite RESP, or is RESP that few clients write: the corpus that the scanner's
 * tests and the comparison with a real Redis share. Texts are latin1.
 */

/** One piece of hostile or odd input. */
export interface OddFrame {
  readonly name: string;
  readonly bytes: string;
  /** A line without end: whatever follows would be part of it. */
  readonly isEndless?: boolean;
}

/** With its type byte one more than Redis waits for: refused at the last byte, not before. */
const LONG_LINE_BYTES = 65_536;
const LONG_DIGITS = "1".repeat(LONG_LINE_BYTES);

/** Redis answers a protocol error and closes. */
export const REFUSED_FRAMES: readonly OddFrame[] = [
  { name: "a count that is no number", bytes: "*x\r\n" },
  { name: "an empty count", bytes: "*\r\n" },
  { name: "a count with a plus", bytes: "*+1\r\n$4\r\nPING\r\n" },
  { name: "a count with a leading zero", bytes: "*01\r\n$4\r\nPING\r\n" },
  { name: "a count with a blank before it", bytes: "* 1\r\n$4\r\nPING\r\n" },
  { name: "a count with a blank after it", bytes: "*1 \r\n$4\r\nPING\r\n" },
  { name: "a count with letters after it", bytes: "*1abc\r\n$4\r\nPING\r\n" },
  { name: "a minus alone as count", bytes: "*-\r\n" },
  { name: "minus zero as count", bytes: "*-0\r\n" },
  { name: "a negative count with a leading zero", bytes: "*-01\r\n" },
  { name: "a count of 2^31", bytes: "*2147483648\r\n" },
  { name: "a count of 2^63", bytes: "*9223372036854775808\r\n" },
  { name: "a count of 20 digits", bytes: "*11111111111111111111\r\n" },
  { name: "a negative count of 25 digits", bytes: "*-1111111111111111111111111\r\n" },
  { name: "a count below -2^63", bytes: "*-9223372036854775809\r\n" },
  { name: "a fraction as count", bytes: "*1.5\r\n" },
  { name: "a count in hex", bytes: "*0x10\r\n" },
  { name: "a count line without end", bytes: `*${LONG_DIGITS}`, isEndless: true },
  { name: "no dollar before a length", bytes: "*1\r\n4\r\nPING\r\n" },
  { name: "an integer as argument", bytes: "*2\r\n$3\r\nGET\r\n:1\r\n" },
  { name: "an array as argument", bytes: "*2\r\n$3\r\nGET\r\n*0\r\n" },
  { name: "a simple string as argument", bytes: "*1\r\n+PING\r\n" },
  { name: "a RESP3 blob error as argument", bytes: "*1\r\n!4\r\nPING\r\n" },
  { name: "a line end where a dollar is due", bytes: "*1\r\n\r\n$4\r\nPING\r\n" },
  { name: "a line feed where a dollar is due", bytes: "*1\r\n\n$4\r\nPING\r\n" },
  { name: "a byte above 127 where a dollar is due", bytes: "*1\r\n\xe9\r\n" },
  { name: "the byte 255 where a dollar is due", bytes: "*1\r\n\xff" },
  { name: "a tab where a dollar is due", bytes: "*1\r\n\t" },
  { name: "a percent where a dollar is due", bytes: "*1\r\n%s\r\n" },
  { name: "a quote where a dollar is due", bytes: "*1\r\n'" },
  { name: "a bulk shorter than its length", bytes: "*2\r\n$5\r\nGET\r\n$1\r\na\r\nxxxx" },
  { name: "a bulk longer than its length", bytes: "*2\r\n$3\r\nGETTING\r\n$1\r\na\r\n" },
  { name: "a length that is no number", bytes: "*1\r\n$x\r\n" },
  { name: "an empty length", bytes: "*1\r\n$\r\nPING\r\n" },
  { name: "a null bulk as argument", bytes: "*2\r\n$3\r\nGET\r\n$-1\r\n" },
  { name: "a negative length", bytes: "*1\r\n$-5\r\n" },
  { name: "minus zero as length", bytes: "*1\r\n$-0\r\n" },
  { name: "a length with a plus", bytes: "*1\r\n$+4\r\nPING\r\n" },
  { name: "a length with a leading zero", bytes: "*1\r\n$04\r\nPING\r\n" },
  { name: "two zeros as length", bytes: "*2\r\n$4\r\nECHO\r\n$00\r\n\r\n" },
  { name: "a length with a blank before it", bytes: "*1\r\n$ 4\r\nPING\r\n" },
  { name: "a length with a blank after it", bytes: "*1\r\n$4 \r\nPING\r\n" },
  { name: "a length above 512 MB by one", bytes: "*1\r\n$536870913\r\n" },
  { name: "a length of 2^31", bytes: "*1\r\n$2147483648\r\n" },
  { name: "a length of 2^63", bytes: "*1\r\n$9223372036854775808\r\n" },
  { name: "a length of 30 digits", bytes: `*1\r\n$${"9".repeat(30)}\r\n` },
  { name: "a streamed length", bytes: "*1\r\n$?\r\n;4\r\nPING\r\n" },
  { name: "a length line without end", bytes: `*1\r\n$${LONG_DIGITS}`, isEndless: true },
  {
    name: "a length line of NULs without end",
    bytes: `*1\r\n$${"\0".repeat(LONG_LINE_BYTES)}`,
    isEndless: true,
  },
  { name: "an inline line without end", bytes: "A".repeat(LONG_LINE_BYTES + 1), isEndless: true },
  { name: "an open double quote", bytes: 'ECHO "abc\r\n' },
  { name: "an open single quote", bytes: "ECHO 'abc\r\n" },
  { name: "a byte behind a closing double quote", bytes: 'ECHO "abc"d\r\n' },
  { name: "a byte behind a closing single quote", bytes: "ECHO 'abc'd\r\n" },
  { name: "two quoted words without a blank", bytes: 'ECHO "abc""def"\r\n' },
  { name: "a backslash before the closing quote", bytes: 'ECHO "abc\\"\r\n' },
  { name: "a quote alone", bytes: '"\r\n' },
];

/** Redis serves these and stays, odd as they look. Every reply is ECHO's, PING's or an ordinary error. */
export const SERVED_FRAMES: readonly OddFrame[] = [
  { name: "an empty array", bytes: "*0\r\n" },
  { name: "a null array", bytes: "*-1\r\n" },
  { name: "a negative count", bytes: "*-17\r\n" },
  { name: "the lowest count", bytes: "*-9223372036854775808\r\n" },
  { name: "many empty arrays", bytes: "*0\r\n".repeat(1000) },
  { name: "an empty line", bytes: "\r\n" },
  { name: "a line feed alone", bytes: "\n" },
  { name: "blanks and tabs", bytes: "  \t \r\n" },
  { name: "line ends between requests", bytes: "\r\n\r\n*1\r\n$4\r\nPING\r\n\r\n\n" },
  { name: "an empty name", bytes: "*1\r\n$0\r\n\r\n" },
  { name: "an empty argument", bytes: "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n" },
  { name: "a lower-case name", bytes: "*1\r\n$4\r\nping\r\n" },
  { name: "an argument with line ends", bytes: "*2\r\n$4\r\nECHO\r\n$6\r\n\r\n$1\r\n\r\n" },
  { name: "an argument with every byte", bytes: `*2\r\n$4\r\nECHO\r\n$256\r\n${everyByte()}\r\n` },
  { name: "no line feed behind a count", bytes: "*1\rx$4\r\nPING\r\n" },
  { name: "no line feed behind a length", bytes: "*2\r\n$4\rxECHO\r\n$3\r\nabc\r\n" },
  { name: "other bytes behind a bulk", bytes: "*2\r\n$4\r\nECHOxy$3\r\nabczz" },
  { name: "a carriage return in an inline line", bytes: "ECHO a\rb\r\n" },
  { name: "an inline request", bytes: "PING\r\n" },
  { name: "an inline request with a line feed alone", bytes: "PING\n" },
  { name: "an inline request with blanks around", bytes: "   ECHO \t  abc   \r\n" },
  { name: "double quotes", bytes: 'ECHO "a b c"\r\n' },
  { name: "empty double quotes", bytes: 'ECHO ""\r\n' },
  { name: "empty single quotes", bytes: "ECHO ''\r\n" },
  { name: "a quoted name", bytes: '"ECHO" abc\r\n' },
  { name: "escapes in double quotes", bytes: 'ECHO "\\n\\r\\t\\b\\a\\\\\\"\\q"\r\n' },
  { name: "hex in double quotes", bytes: 'ECHO "\\x00\\xff\\x0a\\x4A\\xg1\\x1"\r\n' },
  { name: "a half hex escape before the quote", bytes: 'ECHO "ab\\x4"\r\n' },
  { name: "an escaped quote in single quotes", bytes: "ECHO 'it\\'s'\r\n" },
  { name: "escapes in single quotes", bytes: "ECHO 'a\\n\\x41'\r\n" },
  { name: "a double quote in single quotes", bytes: "ECHO 'a\"b'\r\n" },
  { name: "a single quote in double quotes", bytes: 'ECHO "a\'b"\r\n' },
  { name: "a quote in the middle of a word", bytes: 'ECHO ab"cd"\r\n' },
  { name: "bytes above 127", bytes: "ECHO \xe9\xff\r\n" },
  { name: "a vertical tab and a form feed before a word", bytes: "ECHO \x0b\x0cabc\r\n" },
  { name: "a vertical tab and a form feed in a word", bytes: "ECHO abc\x0bd\x0c\r\n" },
  { name: "a form feed behind a closing quote", bytes: "ECHO 'abc'\x0c\r\n" },
  { name: "an inline request that looks like a bulk", bytes: "$4\r\nPING\r\n" },
  { name: "an inline request that looks like a reply", bytes: "+PONG\r\n" },
  { name: "an unknown inline command", bytes: "GARBAGE one two three\r\n" },
  { name: "an HTTP-like line", bytes: "\x16\x03\x01\r\n" },
  { name: "an inline line of 60,000 bytes", bytes: `ECHO ${"A".repeat(60_000)}\r\n` },
  { name: "a name of 100 bytes", bytes: `*1\r\n$100\r\n${"N".repeat(100)}\r\n` },
  { name: "several requests in a chunk", bytes: "PING\r\n*1\r\n$4\r\nPING\r\nECHO 1\r\n" },
];

/** Redis waits for more: nothing is answered. */
export const UNFINISHED_FRAMES: readonly OddFrame[] = [
  { name: "a star", bytes: "*" },
  { name: "a count without its line end", bytes: "*1" },
  { name: "a count and half a line end", bytes: "*1\r" },
  { name: "a header alone", bytes: "*1\r\n" },
  { name: "a dollar", bytes: "*1\r\n$" },
  { name: "a length without its line end", bytes: "*1\r\n$4" },
  { name: "a bad count without its line end", bytes: "*x" },
  { name: "a bad length and half a line end", bytes: "*1\r\n$x\r" },
  { name: "half a bulk", bytes: "*1\r\n$4\r\nPI" },
  { name: "a bulk without its line end", bytes: "*1\r\n$4\r\nPING" },
  { name: "a bulk and half a line end", bytes: "*1\r\n$4\r\nPING\r" },
  { name: "one argument of two", bytes: "*2\r\n$4\r\nPING\r\n" },
  { name: "a count of 2^31 - 1", bytes: "*2147483647\r\n" },
  { name: "a length of 512 MB", bytes: "*1\r\n$536870912\r\nPING\r\n" },
  { name: "half an inline request", bytes: "PING" },
  { name: "a count line of 65,536 bytes", bytes: `*${LONG_DIGITS.slice(1)}` },
  { name: "a length line of 65,536 bytes", bytes: `*1\r\n$${LONG_DIGITS.slice(1)}` },
  { name: "an inline line of 65,536 bytes", bytes: "A".repeat(LONG_LINE_BYTES) },
];

function everyByte(): string {
  return Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
}
