"""How far the elementary functions are from exact: bounds that are proved, and errors that are measured.

`prove` bounds the error of a function at every float of a range. It interprets the emitted text on boxes of arguments
(`interpreter`), with every value as the exact one plus affine rounding errors (`forms`, `rounding`), and compares the
exact value of the polynomials and sums with the function itself, both as power series in ball arithmetic (`series`,
`targets`); `cover` splits the range. It needs python-flint (the extra ``proof``) and is never imported by a kernel.

Trusted are Arb, the lemmas listed in `rounding`, IEEE 754 arithmetic without flush to zero, and that the compiler does
what the text and the flag ``contract`` say: each operation rounded once, a product perhaps fused with the sum of it.

`exhaustive` measures every float32 number, `samples` draws float64 numbers from where errors are likely.
"""
