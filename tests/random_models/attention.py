"""Attention of a random model: how q, k and v come about, and what is done with them."""
from parts import linear, norm


def separate(build, body, x, heads, kv_heads, size, bias):
    return [body.split(linear(build, body, x, count * size, name, bias), 2, size)
            for name, count in (("q", heads), ("k", kv_heads), ("v", kv_heads))]


def slices(build, body, x, heads, _, size, bias):
    fused = linear(build, body, x, 3 * heads * size, "qkv", bias)
    build.mark("view.slice")
    return [body.split(body.slice(fused, 2, part * heads * size, heads * size), 2, size) for part in range(3)]


def split(build, body, x, heads, _, size, bias):
    fused = body.split(linear(build, body, x, 3 * heads * size, "qkv", bias), 2, heads * size)
    return [body.split(body.merge(body.slice(fused, 2, part, 1), 2), 2, size)
            for part in build.draw.shuffled(range(3))]


def by_head(build, body, x, heads, _, size, bias):
    fused = body.split(linear(build, body, x, 3 * heads * size, "qkv", bias), 2, size)
    fused = body.split(fused, 2, 3)
    return [body.merge(body.slice(fused, 3, part, 1), 2) for part in range(3)]


def cut(body, fused, heads, kv_heads, size):
    starts = ((0, heads), (heads, kv_heads), (heads + kv_heads, kv_heads))
    return [body.split(body.slice(fused, 2, start * size, count * size), 2, size) for start, count in starts]


def uneven(build, body, x, heads, kv_heads, size, bias):
    fused = linear(build, body, x, (heads + 2 * kv_heads) * size, "qkv", bias)
    build.mark("view.slice")
    return cut(body, fused, heads, kv_heads, size)


def concat(build, body, x, heads, kv_heads, size, _):
    weights = [body.parameter(name, (count * size, x.shape[-1]))
               for name, count in (("q", heads), ("k", kv_heads), ("v", kv_heads))]
    build.mark("view.concat")
    return cut(body, body.linear(x, body.concat(weights, 0)), heads, kv_heads, size)


# Parts of one size are told from parts of different sizes by their number of heads.
ANY_HEADS = {"separate": separate, "uneven": uneven, "concat": concat}
EQUAL_HEADS = {"separate": separate, "slices": slices, "split": split, "by-head": by_head, "concat": concat}


def attention(build, body, x):
    draw, sizes = build.draw, build.sizes
    heads, kv_heads, size = sizes.group * sizes.kv_heads, sizes.kv_heads, sizes.head
    grouped = heads != kv_heads
    build.mark("attention.grouped" if grouped else "attention.heads")
    ways = ANY_HEADS if grouped else EQUAL_HEADS
    # Fused weights of uneven parts are held whole: most models have their own weights.
    way = draw.choice(*ways, *(["separate"] * 2 if grouped else []))
    build.mark(f"qkv.{way}")
    q, k, v = ways[way](build, body, x, heads, kv_heads, size, draw.chance(0.4))
    if draw.chance(0.2):
        q, k = norm(build, body, q), norm(build, body, k)
    if size % 2 == 0 and draw.chance(0.4):
        build.mark("rope")
        theta = draw.choice(10000.0, 100.0)
        q, k = body.unary("rope", q, theta=theta), body.unary("rope", k, theta=theta)
    if not grouped and draw.chance(0.15):
        o = products(build, body, q, k, v)
    else:
        attributes = {}
        if draw.chance(0.7):
            attributes["causal"] = True
        else:
            build.mark("attention.unmasked")
        if draw.chance(0.25):
            attributes["scale"] = 0.3
        o = body.op("attention", [q, k, v], q.shape, **attributes)
    return linear(build, body, body.merge(o, 2), x.shape[-1], "o")


def products(build, body, q, k, v):
    """Linear attention: keys and values are multiplied first, with heads as a leading dim."""
    build.mark("attention.products", "view.transpose")
    q, k, v = (body.transpose(part, [0, 2, 1, 3]) for part in (q, k, v))
    batch, heads, _, size = q.shape
    memory = body.scale(body.matmul(k, v, (batch, heads, size, size), transpose_a=None), 0.1)
    return body.transpose(body.matmul(q, memory, q.shape), [0, 2, 1, 3])
