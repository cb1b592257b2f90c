"""Helpers that generated CUDA files carry a copy of: their source text is pasted, so they are written and tested here.

What is written for float32 is pasted for float64 as well, with the types exchanged. Selections are compare-selects
throughout: the minimum and maximum of the hardware would drop a NaN.
"""

import numpy as np
from llvmlite import ir
from numba import cuda
from numba.cuda import types
from numba.cuda.extending import intrinsic

_device = cuda.jit(device=True, forceinline=True)

f32 = np.float32

LANES_F32 = 4
WEIGHTED, MASKED, KEEP, DIVIDE, ALIGNED, IGNORE, STAGED, LAST = (1 << bit for bit in range(8))
TURN_LEFT, TURN_RIGHT, ADD = 1, 2, 4


def _widened(builder, number, kind):
    """What memory holds as the number that is computed with: bfloat16 comes as uint16, float16 as int16."""
    if kind == types.uint16:
        bits = builder.shl(builder.zext(number, ir.IntType(32)), ir.Constant(ir.IntType(32), 16))
        return builder.bitcast(bits, ir.FloatType())
    if kind == types.int16:
        return builder.fpext(builder.bitcast(number, ir.HalfType()), ir.FloatType())
    return number


def _narrowed(builder, number, kind):
    """A number as memory holds it, rounded to nearest even where it is shorter there; a NaN stays one."""
    if kind == types.uint16:
        word = ir.IntType(32)
        bits = builder.bitcast(number, word)
        odd = builder.and_(builder.lshr(bits, ir.Constant(word, 16)), ir.Constant(word, 1))
        rounded = builder.add(bits, builder.add(odd, ir.Constant(word, 0x7FFF)))
        nan = builder.or_(bits, ir.Constant(word, 0x400000))
        bits = builder.select(builder.fcmp_unordered("uno", number, number), nan, rounded)
        return builder.trunc(builder.lshr(bits, ir.Constant(word, 16)), ir.IntType(16))
    if kind == types.int16:
        return builder.bitcast(builder.fptrunc(number, ir.HalfType()), ir.IntType(16))
    return number


def _lanes(pointer):
    """How many numbers are moved at once: 128 bits, or 64 of numbers of 16 bits."""
    return 4 if pointer.dtype.bitwidth <= 32 else 2


def _working(pointer):
    """The type that the numbers of an array are computed in."""
    return types.float32 if pointer.dtype.bitwidth == 16 else pointer.dtype


@intrinsic
def _get(typing_context, pointer, index):
    """The number at ``index``."""

    def generate(context, builder, signature, arguments):
        return _widened(builder, builder.load(builder.gep(arguments[0], [arguments[1]])), pointer.dtype)

    return _working(pointer)(pointer, index), generate


@intrinsic
def _put(typing_context, pointer, index, value):
    """Store a number at ``index``."""

    def generate(context, builder, signature, arguments):
        number = _narrowed(builder, arguments[2], pointer.dtype)
        builder.store(number, builder.gep(arguments[0], [arguments[1]]))
        return context.get_dummy_value()

    return types.void(pointer, index, _working(pointer)), generate


@intrinsic
def _load_lanes(typing_context, pointer, index):
    """The numbers at ``index`` and after it that are moved at once, in one load."""
    lanes = _lanes(pointer)

    def generate(context, builder, signature, arguments):
        at = builder.gep(arguments[0], [arguments[1]])
        vector = ir.VectorType(at.type.pointee, lanes)
        loaded = builder.load(builder.bitcast(at, vector.as_pointer()), align=lanes * pointer.dtype.bitwidth // 8)
        parts = [builder.extract_element(loaded, ir.Constant(ir.IntType(32), lane)) for lane in range(lanes)]
        parts = [_widened(builder, part, pointer.dtype) for part in parts]
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(_working(pointer), lanes)(pointer, index), generate


@intrinsic
def _store_lanes(typing_context, pointer, index, values):
    """Store a tuple of numbers at ``index`` and after it, in one store."""
    lanes = _lanes(pointer)

    def generate(context, builder, signature, arguments):
        at = builder.gep(arguments[0], [arguments[1]])
        vector = ir.Constant(ir.VectorType(at.type.pointee, lanes), ir.Undefined)
        for lane in range(lanes):
            part = _narrowed(builder, builder.extract_value(arguments[2], lane), pointer.dtype)
            vector = builder.insert_element(vector, part, ir.Constant(ir.IntType(32), lane))
        where = builder.bitcast(at, vector.type.as_pointer())
        builder.store(vector, where, align=lanes * pointer.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(pointer, index, values), generate


def _short(pointer):
    """Whether memory holds numbers of 16 bits."""
    return pointer.dtype.bitwidth == 16


def _word(pointer):
    """The type of the words in which 128 bits of an array are handed on: numbers, or pairs of numbers of 16 bits."""
    return types.uint32 if _short(pointer) else pointer.dtype


def _words(pointer):
    """The type of 128 bits of an array."""
    word = _word(pointer)
    return types.UniTuple(word, 128 // word.bitwidth)


@intrinsic
def _packed(typing_context, pointer):
    """How many numbers of an array fill 128 bits."""

    def generate(context, builder, signature, arguments):
        return context.get_constant(types.int64, 128 // pointer.dtype.bitwidth)

    return types.int64(pointer), generate


@intrinsic
def _parts(typing_context, pointer):
    """In how many parts 128 bits of an array are computed with: numbers of 16 bits are twice as many."""

    def generate(context, builder, signature, arguments):
        return context.get_constant(types.int64, 2 if _short(pointer) else 1)

    return types.int64(pointer), generate


@intrinsic
def _load_words(typing_context, pointer, index):
    """The 128 bits at ``index``."""
    words = _words(pointer)

    def generate(context, builder, signature, arguments):
        vector = ir.VectorType(context.get_value_type(words.dtype), words.count)
        at = builder.gep(arguments[0], [arguments[1]])
        loaded = builder.load(builder.bitcast(at, vector.as_pointer()), align=16)
        parts = [builder.extract_element(loaded, ir.Constant(ir.IntType(32), place)) for place in range(words.count)]
        return context.make_tuple(builder, words, parts)

    return words(pointer, index), generate


@intrinsic
def _no_words(typing_context, pointer):
    """128 bits of zeros."""
    words = _words(pointer)

    def generate(context, builder, signature, arguments):
        zero = ir.Constant(context.get_value_type(words.dtype), 0)
        return context.make_tuple(builder, words, [zero] * words.count)

    return words(pointer), generate


@intrinsic
def _as_reals(typing_context, pointer, values):
    """128 bits as numbers of the computing dtype, bit for bit, for shared memory."""
    words, reals = _words(pointer), types.UniTuple(_working(pointer), 128 // _working(pointer).bitwidth)

    def generate(context, builder, signature, arguments):
        if not _short(pointer):
            return arguments[1]
        found = [builder.bitcast(builder.extract_value(arguments[1], place), ir.FloatType()) for place in range(4)]
        return context.make_tuple(builder, reals, found)

    return reals(pointer, words), generate


@intrinsic
def _as_words(typing_context, pointer, values):
    """What `_as_reals` gave, as it was."""
    words = _words(pointer)

    def generate(context, builder, signature, arguments):
        if not _short(pointer):
            return arguments[1]
        found = [builder.bitcast(builder.extract_value(arguments[1], place), ir.IntType(32)) for place in range(4)]
        return context.make_tuple(builder, words, found)

    return words(pointer, values), generate


@intrinsic
def _store_words(typing_context, pointer, index, values):
    """Store 128 bits at ``index``."""
    words = _words(pointer)

    def generate(context, builder, signature, arguments):
        vector = ir.Constant(ir.VectorType(context.get_value_type(words.dtype), words.count), ir.Undefined)
        for place in range(words.count):
            word = builder.extract_value(arguments[2], place)
            vector = builder.insert_element(vector, word, ir.Constant(ir.IntType(32), place))
        at = builder.gep(arguments[0], [arguments[1]])
        builder.store(vector, builder.bitcast(at, vector.type.as_pointer()), align=16)
        return context.get_dummy_value()

    return types.void(pointer, index, words), generate


@intrinsic
def _part(typing_context, pointer, values, part):
    """The numbers in one part of 128 bits."""
    words, numbers = _words(pointer), types.UniTuple(_working(pointer), 128 // _working(pointer).bitwidth)

    def generate(context, builder, signature, arguments):
        if not _short(pointer):
            return arguments[1]
        second = builder.trunc(arguments[2], ir.IntType(1))
        found = []
        for place in range(2):
            low, high = builder.extract_value(arguments[1], place), builder.extract_value(arguments[1], place + 2)
            pair = builder.bitcast(builder.select(second, high, low), ir.VectorType(ir.IntType(16), 2))
            for lane in range(2):
                number = builder.extract_element(pair, ir.Constant(ir.IntType(32), lane))
                found.append(_widened(builder, number, pointer.dtype))
        return context.make_tuple(builder, numbers, found)

    return numbers(pointer, words, part), generate


@intrinsic
def _with_part(typing_context, pointer, values, part, numbers):
    """128 bits with the numbers of one part replaced."""
    words = _words(pointer)

    def generate(context, builder, signature, arguments):
        if not _short(pointer):
            return arguments[3]
        second = builder.trunc(arguments[2], ir.IntType(1))
        given = [_narrowed(builder, builder.extract_value(arguments[3], lane), pointer.dtype) for lane in range(4)]
        old = [builder.extract_value(arguments[1], place) for place in range(4)]
        found = []
        for place in range(4):
            pair = ir.Constant(ir.VectorType(ir.IntType(16), 2), ir.Undefined)
            for lane in range(2):
                number = given[2 * (place % 2) + lane]
                pair = builder.insert_element(pair, number, ir.Constant(ir.IntType(32), lane))
            word = builder.bitcast(pair, ir.IntType(32))
            found.append(builder.select(second, *((word, old[place]) if place >= 2 else (old[place], word))))
        return context.make_tuple(builder, words, found)

    return words(pointer, words, part, numbers), generate


@intrinsic
def _stride(typing_context, threads):
    """The number of threads, hidden from the optimiser, which would divide by it to unroll loops."""

    def generate(context, builder, signature, arguments):
        word = arguments[0].type
        move = ir.InlineAsm(ir.FunctionType(word, [word]), "mov.b64 $0, $1;", "=l,l", side_effect=True)
        return builder.call(move, arguments)

    return types.int64(threads), generate


@_device
def _load_few_f32(array, at, options):
    """A sample's numbers, which fill 128 bits."""
    if options & ALIGNED:
        return _load_lanes(array, at)
    return _get(array, at), _get(array, at + 1), _get(array, at + 2), _get(array, at + 3)


@_device
def _store_few_f32(array, at, values, options):
    """Store a sample's numbers, which fill 128 bits."""
    if options & ALIGNED:
        _store_lanes(array, at, values)
    else:
        _put(array, at, values[0])
        _put(array, at + 1, values[1])
        _put(array, at + 2, values[2])
        _put(array, at + 3, values[3])


@_device
def _load_few_f64(array, at, options):
    """A sample's numbers, which fill 128 bits."""
    return _load_lanes(array, at) if options & ALIGNED else (_get(array, at), _get(array, at + 1))


@_device
def _store_few_f64(array, at, values, options):
    """Store a sample's numbers, which fill 128 bits."""
    if options & ALIGNED:
        _store_lanes(array, at, values)
    else:
        _put(array, at, values[0])
        _put(array, at + 1, values[1])


@_device
def _weight_f32(weight, at, options):
    """The weight of one sample; 1 where none are given."""
    return _get(weight, at) if options & WEIGHTED else f32(1.0)


@_device
def _live(mask, at, options):
    """Whether a sample counts."""
    return mask[at] != 0 if options & MASKED else True


@_device
def _seed_f32(weight, divisor):
    """The derivative of the reduced loss with respect to a sample's value; 0 where the total weight is 0."""
    return weight / divisor if divisor != f32(0.0) else f32(0.0)


@_device
def _plus_f32(high, low, x):
    """Add x to the sum high + low, whose second word collects what rounding loses (Knuth's two-sum)."""
    total = high + x
    part = total - high
    return total, low + ((high - (total - part)) + (x - part))


@_device
def _sum_f32(high, low):
    """A sum in two words as one number; the second word of an infinite sum means nothing."""
    return high + low if low == low else high


@_device
def _gap_f32(a, b):
    """The difference a - b; 0 where both are the same infinity."""
    return a - b if a != b else f32(0.0)


@_device
def _block_sum_f32(high, low, partial):
    """Write the sum over all threads of the block, always in the same order, to the block's place in ``partial``."""
    highs = cuda.shared.array(32, np.float32)
    lows = cuda.shared.array(32, np.float32)
    thread = cuda.threadIdx.y * cuda.blockDim.x + cuda.threadIdx.x
    warps = (cuda.blockDim.x * cuda.blockDim.y) // 32
    high, low = _warp_sum_f32(high, low)
    if thread % 32 == 0:
        highs[thread // 32] = high
        lows[thread // 32] = low
    cuda.syncthreads()
    if thread < 32:
        high = highs[thread] if thread < warps else f32(0.0)
        low = lows[thread] if thread < warps else f32(0.0)
        high, low = _warp_sum_f32(high, low)
        if thread == 0:
            partial[2 * cuda.blockIdx.x] = high
            partial[2 * cuda.blockIdx.x + 1] = low


@_device
def _warp_sum_f32(high, low):
    """The sum over the threads of a warp, the same in all of them."""
    step = 16
    while step > 0:
        other = cuda.shfl_xor_sync(0xFFFFFFFF, high, step)
        low = low + cuda.shfl_xor_sync(0xFFFFFFFF, low, step)
        high, low = _plus_f32(high, low, other)
        step = step // 2
    return high, low


@_device
def _row_sync():
    """Wait for the other threads of the row."""
    if cuda.blockDim.x > 32:
        cuda.syncthreads()
    else:
        cuda.syncwarp()


@_device
def _row_sum_f32(high, low):
    """The sum over the threads of a row, in a fixed order, the same in all of them."""
    high, low = _warp_sum_f32(high, low)
    if cuda.blockDim.x > 32:
        highs = cuda.shared.array(16, np.float32)
        lows = cuda.shared.array(16, np.float32)
        cuda.syncthreads()
        if cuda.threadIdx.x % 32 == 0:
            highs[cuda.threadIdx.x // 32] = high
            lows[cuda.threadIdx.x // 32] = low
        cuda.syncthreads()
        high, low = f32(0.0), f32(0.0)
        for warp in range(cuda.blockDim.x // 32):
            high, low = _plus_f32(high, low, highs[warp])
            low += lows[warp]
    return _sum_f32(high, low)


@_device
def _larger_f32(a, b):
    """The larger of two numbers; NaN where one is NaN."""
    return b if b > a or b != b else a


@_device
def _smaller_f32(a, b):
    """The smaller of two numbers; NaN where one is NaN."""
    return b if b < a or b != b else a


@_device
def _row_max_f32(x):
    """The maximum over the threads of a row, the same in all of them."""
    step = 16
    while step > 0:
        x = _larger_f32(x, cuda.shfl_xor_sync(0xFFFFFFFF, x, step))
        step = step // 2
    if cuda.blockDim.x > 32:
        each = cuda.shared.array(16, np.float32)
        cuda.syncthreads()
        if cuda.threadIdx.x % 32 == 0:
            each[cuda.threadIdx.x // 32] = x
        cuda.syncthreads()
        for warp in range(cuda.blockDim.x // 32):
            x = _larger_f32(x, each[warp])
    return x


@_device
def _row_min_f32(x):
    """The minimum over the threads of a row, the same in all of them."""
    return -_row_max_f32(-x)


@_device
def _row_count(x):
    """The sum of counts over the threads of a row, the same in all of them."""
    step = 16
    while step > 0:
        x += cuda.shfl_xor_sync(0xFFFFFFFF, x, step)
        step = step // 2
    if cuda.blockDim.x > 32:
        each = cuda.shared.array(16, np.int32)
        cuda.syncthreads()
        if cuda.threadIdx.x % 32 == 0:
            each[cuda.threadIdx.x // 32] = x
        cuda.syncthreads()
        x = np.int32(0)
        for warp in range(cuda.blockDim.x // 32):
            x += each[warp]
    return x


@_device
def _clear_row_f32(array, first, count):
    """Fill a row, or a part of one, with zeros."""
    at = np.int64(cuda.threadIdx.x)
    while at < count:
        _put(array, first + at, f32(0.0))
        at += _stride(np.int64(cuda.blockDim.x))


@_device
def _stage_f32(staged, vector, vectors, values):
    """Keep 128 bits of a row in shared memory, neighbours of one thread apart, so that no two threads share a bank."""
    staged[vector] = values[0]
    staged[vector + vectors] = values[1]
    staged[vector + 2 * vectors] = values[2]
    staged[vector + 3 * vectors] = values[3]


@_device
def _staged_f32(staged, vector, vectors):
    """What `_stage_f32` kept."""
    return staged[vector], staged[vector + vectors], staged[vector + 2 * vectors], staged[vector + 3 * vectors]


@_device
def _stage_f64(staged, vector, vectors, values):
    """Keep 128 bits of a row in shared memory, neighbours of one thread apart, so that no two threads share a bank."""
    staged[vector] = values[0]
    staged[vector + vectors] = values[1]


@_device
def _staged_f64(staged, vector, vectors):
    """What `_stage_f64` kept."""
    return staged[vector], staged[vector + vectors]


@_device
def _unit_scale_f32(m):
    """A power of two that brings m near 1; 1 where m is not finite."""
    exponent = np.int32(254) - (np.float32(m).view(np.int32) >> np.int32(23))
    exponent = np.int32(127) if exponent < np.int32(0) else exponent
    exponent = np.int32(7) if exponent < np.int32(7) else exponent
    exponent = np.int32(247) if exponent > np.int32(247) else exponent
    return np.int32(exponent << np.int32(23)).view(np.float32)


@_device
def _unit_scale_f64(m):
    """A power of two that brings m near 1; 1 where m is not finite."""
    exponent = np.int64(2046) - (np.float64(m).view(np.int64) >> np.int64(52))
    exponent = np.int64(1023) if exponent < np.int64(0) else exponent
    exponent = np.int64(23) if exponent < np.int64(23) else exponent
    exponent = np.int64(2023) if exponent > np.int64(2023) else exponent
    return np.int64(exponent << np.int64(52)).view(np.float64)


def total_weight_f32(weight, mask, partial, samples, options):
    """The sum of the weights of the samples that count; one partial sum per block."""
    high, low = f32(0.0), f32(0.0)
    at = _first_thread()
    while at < samples:
        high, low = _plus_f32(high, low, _weight_f32(weight, at, options) if _live(mask, at, options) else f32(0.0))
        at += _stride(_all_threads())
    _block_sum_f32(high, low, partial)


def finish_f32(partial, count, divisor, weights, totals, rounded, term, options):
    """The last pass, by one block: add the partial sums in float64, divide, and round the sum over the terms so far.

    ``totals[term]`` is this term's; ``rounded`` gets it, or with LAST the sum of the totals up to it.
    """
    sums = cuda.shared.array(256, np.float64)
    thread = cuda.threadIdx.x
    total = 0.0
    block = np.int64(thread)
    while block < count:
        total += np.float64(_sum_f32(partial[2 * block], partial[2 * block + 1]))
        block += _stride(np.int64(cuda.blockDim.x))
    sums[thread] = total
    step = cuda.blockDim.x // 2
    while step > 0:
        cuda.syncthreads()
        if thread < step:
            sums[thread] += sums[thread + step]
        step = step // 2
    if thread == 0:
        total = sums[0] / (weights[term] if options & DIVIDE else divisor)
        totals[term] = total
        if options & LAST:
            total = 0.0
            for other in range(term + 1):
                total += totals[other]
            rounded[0] = np.float32(total)
        else:
            rounded[term] = np.float32(total)


def all_seeds_f32(weight, seeds, divisor, divisors, samples, options):
    """The derivative of the reduced loss with respect to every sample's value, for losses whose samples interact."""
    if options & DIVIDE:
        divisor = divisors[0]
    at = _first_thread()
    while at < samples:
        seeds[at] = _seed_f32(_weight_f32(weight, at, options), divisor)
        at += _stride(_all_threads())


def matrix_product_f32(left, right, target, rows, columns, shared, options):
    """target = left @ right, with TURN_LEFT and TURN_RIGHT transposed, with ADD on top of what it holds.

    A block does 16 rows and 16 columns at a time.
    """
    a = cuda.shared.array((16, 17), np.float32)
    b = cuda.shared.array((16, 17), np.float32)
    x, y = cuda.threadIdx.x, cuda.threadIdx.y
    first = np.int64(cuda.blockIdx.x) * 16
    while first < rows:
        row = first + y
        column = np.int64(cuda.blockIdx.y) * 16 + x
        while column < columns + x:
            total = f32(0.0)
            start = np.int64(0)
            while start < shared:
                at = start + x
                inside = row < rows and at < shared
                a[y, x] = (left[at * rows + row if options & TURN_LEFT else row * shared + at]) if inside else f32(0.0)
                at = start + y
                inside = column < columns and at < shared
                b[y, x] = (
                    (right[column * shared + at if options & TURN_RIGHT else at * columns + column])
                    if inside
                    else f32(0.0)
                )
                cuda.syncthreads()
                for k in range(16):
                    total += a[y, k] * b[k, x]
                cuda.syncthreads()
                start += 16
            if row < rows and column < columns:
                if options & ADD:
                    total += target[row * columns + column]
                target[row * columns + column] = total
            column += _stride(np.int64(cuda.gridDim.y) * 16)
        first += _stride(np.int64(cuda.gridDim.x) * 16)


@_device
def _first_thread():
    """The number of this thread in the grid."""
    return np.int64(cuda.blockIdx.x) * cuda.blockDim.x + cuda.threadIdx.x


@_device
def _all_threads():
    """The number of threads in the grid."""
    return np.int64(cuda.gridDim.x) * cuda.blockDim.x
