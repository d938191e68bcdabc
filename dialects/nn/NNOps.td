//===- NNOps.td - The ops of the model and of its training ----------------*- tablegen -*-===//
//
// Composite ops first (what models are written in), then the primitive ops that they become, by
// family. To add an op, see CONTRIBUTING.md.
//
//===---------------------------------------------------------------------------------------===//
#ifndef TPC_NN_OPS
#define TPC_NN_OPS

include "dialects/nn/NNBase.td"
include "dialects/nn/NNDecls.td"

//===-------------------------------------------------------------------------------------===//
// Composite ops
//===-------------------------------------------------------------------------------------===//

def NN_LayerNormOp : NN_CompositeOp<"layer_norm", [AttrSizedOperandSegments]> {
  let summary = "layer normalization over the last dim, then weight and bias";
  let description = [{
    (x - mean) / sqrt(var + eps) * weight + bias, with the biased variance.

    Constraints:
    - eps is not negative
    - x has a last dim
    - weight and bias have the type of one row of x
    - the result has the type of x

    ```mlir
    %y = nn.layer_norm %x weight %w bias %b {eps = 1.0e-5}
        : (tensor<2x3x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<2x3x8xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$x, Optional<NN_FloatTensor>:$weight, Optional<NN_FloatTensor>:$bias,
                       F64Attr:$eps);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$x (`weight` $weight^)? (`bias` $bias^)? attr-dict `:` functional-type(operands, results)";
}
def NN_RmsNormOp : NN_CompositeOp<"rms_norm"> {
  let summary = "root-mean-square normalization over the last dim, then weight";
  let description = [{
    x / sqrt(mean(x^2) + eps) * weight.

    Constraints:
    - eps is not negative
    - x has a last dim
    - weight has the type of one row of x
    - the result has the type of x

    ```mlir
    %y = nn.rms_norm %x weight %w {eps = 1.0e-6} : (tensor<2x3x8xf32>, tensor<8xf32>) -> tensor<2x3x8xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$x, Optional<NN_FloatTensor>:$weight, F64Attr:$eps);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$x (`weight` $weight^)? attr-dict `:` functional-type(operands, results)";
}
def NN_AttentionOp : NN_CompositeOp<"attention"> {
  let summary = "softmax(scale q k^T + mask) v, heads apart";
  let description = [{
    q `[b, tq, h, d]`, k and v `[b, tk, kv, d]`; h is a multiple of kv, query head i reads kv head
    i / (h / kv). Without `scale` it is 1/sqrt(d). causal: query i sees keys j <= i + (tk - tq).

    ```mlir
    %o = nn.attention %q, %k, %v {causal = true} : (tensor<2x7x8x32xf32>, tensor<2x7x2x32xf32>, tensor<2x7x2x32xf32>) -> tensor<2x7x8x32xf32>
    ```

    Constraints:
    - q, k and v have one element type
    - q and k are 4-d
    - k and v have one shape
    - q and k have the same batch and head size
    - the number of query heads is a multiple of the number of kv heads
    - the result has q's type
  }];
  let arguments = (ins NN_FloatTensor:$q, NN_FloatTensor:$k, NN_FloatTensor:$v,
                       DefaultValuedAttr<BoolAttr, "false">:$causal, OptionalAttr<F64Attr>:$scale);
  let results = (outs NN_FloatTensor:$o);
  let assemblyFormat = "$q `,` $k `,` $v attr-dict `:` functional-type(operands, results)";
}
def NN_CrossEntropyOp : NN_CompositeOp<"cross_entropy"> {
  let summary = "cross entropy of logits [..., classes] against class labels [...]";
  let description = [{
    As torch.nn.functional.cross_entropy: rows whose label is `ignore_index` count for nothing; with
    label smoothing e the target distribution is (1 - e) one-hot + e / classes; `mean` divides by the
    number of rows that count (by 1 if there is none, so that the loss is 0).

    Constraints:
    - 0 <= label_smoothing < 1
    - logits has two dims or more
    - labels has the shape of logits without its last dim
    - the loss is 0-d: float32, or float64 of float64
    - `ignore_index` is a number of 32 bits, as labels are

    ```mlir
    %loss = nn.cross_entropy %logits, %labels : (tensor<2x4x16xf32>, tensor<2x4xi32>) -> tensor<f32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$logits, NN_IntTensor:$labels,
                       DefaultValuedAttr<I64Attr, "-100">:$ignore_index,
                       DefaultValuedAttr<F64Attr, "0.0">:$label_smoothing,
                       DefaultValuedAttr<NN_ReductionAttr, "::tpc::nn::Reduction::mean">:$reduction);
  let results = (outs NN_FloatTensor:$loss);
  let assemblyFormat = "$logits `,` $labels attr-dict `:` functional-type(operands, results)";
}
def NN_MeanOp : NN_CompositeOp<"mean"> {
  let summary = "mean over dims, which are removed";
  let description = [{
    ```mlir
    %m = nn.mean %x dims [0, 1] : (tensor<2x7xf32>) -> tensor<f32>
    ```

    Constraints:
    - there is at least one dim, and dims are ascending dims of x
    - dims are leading dims, trailing dims or all of them
    - the result has x's other dims and its element type
  }];
  let arguments = (ins NN_FloatTensor:$x, DenseI64ArrayAttr:$dims);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$x `dims` $dims attr-dict `:` functional-type(operands, results)";
}

//===-------------------------------------------------------------------------------------===//
// Linear algebra: library steps
//===-------------------------------------------------------------------------------------===//

def NN_LinearOp : NN_PrimitiveOp<"linear", [NN_Infer, NN_Gradient, NN_Library,
                                            DeclareOpInterfaceMethods<NN_CompositeOpInterface>]> {
  let summary = "x . weight^T (+ bias), weight [out, in]";
  let description = [{
    x `[..., in]`. `grad` makes the bias of a model an `nn.add` (its expansion), so that a row split cannot add it
    once a rank; at level `fused` a product may add it again, before its sum is rounded. The product of bfloat16
    operands is summed in float32, and is float32, or bfloat16: the sum, rounded once. So are its gradients and `nn.matmul`.

    ```mlir
    %y = nn.linear %x, %w bias %b : (tensor<2x7x256xf32>, tensor<1024x256xf32>, tensor<1024xf32>) -> tensor<2x7x1024xf32>
    ```

    Constraints:
    - operands have one element type
    - the weight is 2-d
    - x has at least one dim, and its last is the weight's `in`
    - the bias has `out` numbers
    - the result has x's leading dims and `out`; of bfloat16 operands it is float32 or bfloat16, else of their type
  }];
  let arguments = (ins NN_FloatTensor:$x, NN_FloatTensor:$weight, Optional<NN_FloatTensor>:$bias);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$x `,` $weight (`bias` $bias^)? attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = "bool isPrimitive() { return !getBias(); }";
}
def NN_LinearInputGradOp : NN_PrimitiveOp<"linear_input_grad", [NN_Infer, NN_Library]> {
  let summary = "dy . weight: the gradient of linear's input";
  let description = [{
    ```mlir
    %dx = nn.linear_input_grad %dy, %w : (tensor<2x7x1024xf32>, tensor<1024x256xf32>) -> tensor<2x7x256xf32>
    ```

    Constraints:
    - operands have one element type
    - the weight is 2-d
    - dy has at least one dim, and its last is the weight's `out`
    - the result has dy's leading dims and `in`; of bfloat16 operands it is float32 or bfloat16, else of their type
  }];
  let arguments = (ins NN_FloatTensor:$dy, NN_FloatTensor:$weight);
  let results = (outs NN_FloatTensor:$dx);
  let assemblyFormat = "$dy `,` $weight attr-dict `:` functional-type(operands, results)";
}
def NN_LinearWeightGradOp : NN_PrimitiveOp<"linear_weight_grad", [NN_Infer, NN_Library]> {
  let summary = "dy^T . x over all rows: the gradient of linear's weight";
  let description = [{
    ```mlir
    %dw = nn.linear_weight_grad %dy, %x : (tensor<2x7x1024xf32>, tensor<2x7x256xf32>) -> tensor<1024x256xf32>
    ```

    Constraints:
    - operands have one element type
    - operands have at least one dim, and the same leading dims
    - the result is [out, in]; of bfloat16 operands it is float32 or bfloat16, else of their type
  }];
  let arguments = (ins NN_FloatTensor:$dy, NN_FloatTensor:$x);
  let results = (outs NN_FloatTensor:$dw);
  let assemblyFormat = "$dy `,` $x attr-dict `:` functional-type(operands, results)";
}
def NN_MatmulOp : NN_PrimitiveOp<"matmul", [NN_Infer, NN_Gradient, NN_Library]> {
  let summary = "batched a . b: [..., m, k] . [..., k, n]";
  let description = [{
    transpose_a: a is [..., k, m]; transpose_b: b is [..., n, k].

    ```mlir
    %c = nn.matmul %a, %b {transpose_b} : (tensor<4x7x16xf32>, tensor<4x9x16xf32>) -> tensor<4x7x9xf32>
    ```

    Constraints:
    - operands have one element type
    - operands have the same rank, at least 2
    - operands have the same leading dims
    - operands have the same k
    - the result is [..., m, n]; of bfloat16 operands it is float32 or bfloat16, else of their type
  }];
  let arguments = (ins NN_FloatTensor:$a, NN_FloatTensor:$b, UnitAttr:$transpose_a, UnitAttr:$transpose_b);
  let results = (outs NN_FloatTensor:$c);
  let assemblyFormat = "$a `,` $b attr-dict `:` functional-type(operands, results)";
}
def NN_FlashAttentionOp : NN_PrimitiveOp<"flash_attention", [NN_Infer, NN_Gradient, NN_Library]> {
  let summary = "attention that keeps the log of its row sums, not its scores";
  let description = [{
    Like `nn.attention`, with lse `[b, h, tq]` (float32, or float64 of float64).

    ```mlir
    %o, %lse = nn.flash_attention %q, %k, %v {causal = true, scale = 0.125 : f64} : (tensor<2x7x8x64xf32>, tensor<2x7x2x64xf32>, tensor<2x7x2x64xf32>) -> (tensor<2x7x8x64xf32>, tensor<2x8x7xf32>)
    ```

    Constraints:
    - q, k and v are as in `nn.attention`
    - o has q's type, lse is [b, h, tq]
  }];
  let arguments = (ins NN_FloatTensor:$q, NN_FloatTensor:$k, NN_FloatTensor:$v, BoolAttr:$causal, F64Attr:$scale);
  let results = (outs NN_FloatTensor:$o, NN_FloatTensor:$lse);
  let assemblyFormat = "$q `,` $k `,` $v attr-dict `:` functional-type(operands, results)";
}
def NN_FlashAttentionGradOp : NN_PrimitiveOp<"flash_attention_grad", [NN_Infer, NN_Library]> {
  let summary = "the gradients of flash_attention's q, k and v";
  let description = [{
    Takes the forward op's operands and results, and the gradient of o.

    ```mlir
    %dq, %dk, %dv = nn.flash_attention_grad %q, %k, %v, %o, %lse, %do {causal = true, scale = 0.125 : f64} : (tensor<2x7x8x64xf32>, tensor<2x7x2x64xf32>, tensor<2x7x2x64xf32>, tensor<2x7x8x64xf32>, tensor<2x8x7xf32>, tensor<2x7x8x64xf32>) -> (tensor<2x7x8x64xf32>, tensor<2x7x2x64xf32>, tensor<2x7x2x64xf32>)
    ```

    Constraints:
    - q, k and v are as in `nn.attention`
    - o and its gradient have q's type
    - lse is [b, h, tq]
    - the results have the types of q, k and v
  }];
  let arguments = (ins NN_FloatTensor:$q, NN_FloatTensor:$k, NN_FloatTensor:$v, NN_FloatTensor:$o, NN_FloatTensor:$lse,
                       NN_FloatTensor:$d_o, BoolAttr:$causal, F64Attr:$scale);
  let results = (outs NN_FloatTensor:$dq, NN_FloatTensor:$dk, NN_FloatTensor:$dv);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

//===-------------------------------------------------------------------------------------===//
// Pointwise ops
//===-------------------------------------------------------------------------------------===//

/// Operands' shapes are suffixes of the result's shape; at least one equals it.
class NN_PointwiseOp<string mnemonic, list<Trait> traits = []>
    : NN_PrimitiveOp<mnemonic, !listconcat([NN_Infer, NN_Body], traits)>;
class NN_UnaryOp<string mnemonic, list<Trait> traits = []> : NN_PointwiseOp<mnemonic, traits> {
  let description = [{
    Constraints:
    - the result has the type of x

    ```mlir
    %y = nn.}] # mnemonic # [{ %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$x);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}
class NN_BinaryOp<string mnemonic, list<Trait> traits = []> : NN_PointwiseOp<mnemonic, traits> {
  let description = [{
    Constraints:
    - the operands have one element type
    - the operands' shapes are suffixes of the largest one
    - the result has the type of the largest operand

    ```mlir
    %y = nn.}] # mnemonic # [{ %a, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$a, NN_FloatTensor:$b);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$a `,` $b attr-dict `:` functional-type(operands, results)";
}

def NN_FillOp : NN_PrimitiveOp<"fill", [NN_Body]> {
  let summary = "one number everywhere";
  let description = "The gradient of a loss with respect to itself is `nn.fill 1.0 : tensor<f32>`.";
  let arguments = (ins F64Attr:$value);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$value attr-dict `:` type($y)";
  let hasVerifier = 0; // the value and the type say all
}
def NN_AddOp : NN_PointwiseOp<"add", [NN_Gradient]> {
  let summary = "the sum of its operands, partial ones first";
  let description = [{
    Constraints:
    - there is one operand at least
    - the operands have one element type
    - the operands' shapes are suffixes of the largest one
    - the result has the type of the largest operand

    ```mlir
    %y = nn.add %a, %b, %bias : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
    ```
  }];
  let arguments = (ins Variadic<NN_FloatTensor>:$addends);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$addends attr-dict `:` functional-type(operands, results)";
}
def NN_SubOp : NN_BinaryOp<"sub", [NN_Gradient]> { let summary = "a - b"; }
def NN_MulOp : NN_BinaryOp<"mul", [NN_Gradient]> { let summary = "a * b"; }
def NN_DivOp : NN_BinaryOp<"div", [NN_Gradient]> { let summary = "a / b"; }
def NN_NegOp : NN_UnaryOp<"neg", [NN_Gradient]> { let summary = "-x"; }
def NN_ExpOp : NN_UnaryOp<"exp", [NN_Gradient]> { let summary = "e^x"; }
def NN_LogOp : NN_UnaryOp<"log", [NN_Gradient]> { let summary = "the natural logarithm"; }
def NN_TanhOp : NN_UnaryOp<"tanh", [NN_Gradient]> { let summary = "the hyperbolic tangent"; }
def NN_SqrtOp : NN_UnaryOp<"sqrt", [NN_Gradient]> { let summary = "the square root"; }
def NN_SquareOp : NN_UnaryOp<"square", [NN_Gradient]> { let summary = "x * x"; }
def NN_SiluOp : NN_UnaryOp<"silu", [NN_Gradient]> { let summary = "x * sigmoid(x)"; }
def NN_SiluGradOp : NN_BinaryOp<"silu_grad"> {
  let summary = "silu'(a) * b: a is the input, b the output's gradient";
  let description = [{
    Constraints:
    - the operands have one type
    - the result has it too

    ```mlir
    %dx = nn.silu_grad %x, %dy : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    ```
  }];
}
def NN_ReluOp : NN_UnaryOp<"relu", [NN_Gradient]> { let summary = "max(x, 0)"; }
def NN_ReluGradOp : NN_BinaryOp<"relu_grad"> {
  let summary = "b where a > 0, else 0: a is the input, b the output's gradient";
  let description = [{
    Constraints:
    - the operands have one type
    - the result has it too

    ```mlir
    %dx = nn.relu_grad %x, %dy : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    ```
  }];
}
def NN_ScaleOp : NN_PointwiseOp<"scale", [NN_Gradient]> {
  let summary = "x times a constant";
  let description = [{
    Constraints:
    - the result has the type of x

    ```mlir
    %y = nn.scale %x {factor = 0.5} : (tensor<2x3xf32>) -> tensor<2x3xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$x, F64Attr:$factor);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}
def NN_GeluOp : NN_PointwiseOp<"gelu", [NN_Gradient]> {
  let summary = "the Gaussian error linear unit";
  let description = [{
    x Phi(x) by erf, or with `tanh` the approximation 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).

    Constraints:
    - the result has the type of x

    ```mlir
    %y = nn.gelu %x {tanh} : (tensor<2x3xf32>) -> tensor<2x3xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$x, UnitAttr:$tanh);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}
def NN_GeluGradOp : NN_PointwiseOp<"gelu_grad"> {
  let summary = "gelu'(x) * dy";
  let description = [{
    Constraints:
    - the operands have one type
    - the result has it too

    ```mlir
    %dx = nn.gelu_grad %x, %dy : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$x, NN_FloatTensor:$dy, UnitAttr:$tanh);
  let results = (outs NN_FloatTensor:$dx);
  let assemblyFormat = "$x `,` $dy attr-dict `:` functional-type(operands, results)";
}
def NN_CastOp : NN_PointwiseOp<"cast", [NN_Gradient]> {
  let summary = "the same values in another float type, rounded to nearest even";
  let description = [{
    The result type says to which. With `tf32` a float32 keeps 10 bits of its fraction: the number that a
    tensor core multiplies, stored as a float32.

    Constraints:
    - the result has the shape of x
    - with tf32 x and the result are float32

    ```mlir
    %y = nn.cast %x : (tensor<2x3xf32>) -> tensor<2x3xbf16>
    %z = nn.cast %x {tf32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$x, UnitAttr:$tf32);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}
def NN_DropoutOp : NN_PointwiseOp<"dropout", [NN_Gradient,
                                               DeclareOpInterfaceMethods<NN_CompositeOpInterface>]> {
  let summary = "zero with probability p, else x / (1 - p)";
  let description = [{
    The mask is a function of seed, `stream` (a dotted name), step and the logical global row-major
    index: the same at every tp. An element is dropped where its word (see BodyBuilder::randomBits), as a
    signed 32-bit integer, is less than floor(p 2^32) - 2^31. `global_shape` is set at `grad`; `offsets` (one per dim)
    belong to the local form. Its gradient is the same op on dy. In a model each dropout of an entry has a stream of its
    own, or two would drop the same elements; in `nn.layers` the layer's name ("h.0") is put in front of it.

    Constraints:
    - 0 <= p < 1
    - seed and step are 0-d
    - global_shape has one size for each dim of x
    - there is no offset, or one for each dim of x
    - offsets come with a global_shape
    - the result has the type of x

    ```mlir
    %y = nn.dropout %x, %seed, %step {p = 0.1, stream = "h.0.drop"}
        : (tensor<2x3xf32>, tensor<i32>, tensor<i32>) -> tensor<2x3xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$x, NN_IntTensor:$seed, NN_IntTensor:$step, Variadic<Index>:$offsets,
                       F64Attr:$p, StrAttr:$stream, OptionalAttr<DenseI64ArrayAttr>:$global_shape);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$x `,` $seed `,` $step (`at` $offsets^)? attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = "bool isPrimitive() { return getGlobalShape().has_value(); }";
}

//===-------------------------------------------------------------------------------------===//
// Shape ops
//===-------------------------------------------------------------------------------------===//

def NN_SplitDimOp : NN_PrimitiveOp<"split_dim", [NN_Infer, NN_Gradient]> {
  let summary = "[..., a * minor, ...] as [..., a, minor, ...]";
  let description = [{
    A view. Only the minor extent is written, so that the op is the same on local shapes, unless the minor
    factor itself is split.

    ```mlir
    %y = nn.split_dim %x dim 2 minor 64 : (tensor<2x7x768xf32>) -> tensor<2x7x12x64xf32>
    ```

    Constraints:
    - `dim` is a dim of x
    - `minor` divides its extent
    - the result has x's shape with the dim as two
  }];
  let arguments = (ins NN_Tensor:$x, I64Attr:$dim, I64Attr:$minor);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x `dim` $dim `minor` $minor attr-dict `:` functional-type($x, $y)";
}
def NN_MergeDimsOp : NN_PrimitiveOp<"merge_dims", [NN_Infer, NN_Gradient]> {
  let summary = "[..., a, b, ...] as [..., a * b, ...]: dims `dim` and `dim + 1` become one";
  let description = [{
    A view.

    ```mlir
    %y = nn.merge_dims %x dim 2 : (tensor<2x7x12x64xf32>) -> tensor<2x7x768xf32>
    ```

    Constraints:
    - `dim` and `dim + 1` are dims of x
    - the result has x's shape with the two dims as one
  }];
  let arguments = (ins NN_Tensor:$x, I64Attr:$dim);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x `dim` $dim attr-dict `:` functional-type($x, $y)";
}
def NN_TransposeOp : NN_PrimitiveOp<"transpose", [NN_Infer, NN_Gradient, NN_Body]> {
  let summary = "dim i of the result is dim permutation[i] of x";
  let description = [{
    ```mlir
    %y = nn.transpose %x [1, 0] : (tensor<2x7xf32>) -> tensor<7x2xf32>
    ```

    Constraints:
    - the permutation names each dim of x once
    - the result has x's extents in that order
  }];
  let arguments = (ins NN_Tensor:$x, DenseI64ArrayAttr:$permutation);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x $permutation attr-dict `:` functional-type($x, $y)";
}
def NN_SliceOp : NN_PrimitiveOp<"slice", [NN_Infer, NN_Gradient, NN_Body]> {
  let summary = "[start, start + size) of one dim";
  let description = [{
    ```mlir
    %y = nn.slice %x dim 1 start 2 size 3 : (tensor<2x7xf32>) -> tensor<2x3xf32>
    ```

    Constraints:
    - `dim` is a dim of x
    - the range is not empty and lies in the dim
    - the result has x's shape with `size` in the dim
  }];
  let arguments = (ins NN_Tensor:$x, I64Attr:$dim, I64Attr:$start, I64Attr:$size);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$x `dim` $dim `start` $start `size` $size attr-dict `:` functional-type($x, $y)";
}
def NN_ConcatOp : NN_PrimitiveOp<"concat", [NN_Infer, NN_Gradient, NN_Body]> {
  let summary = "its operands one after the other along one dim";
  let description = [{
    ```mlir
    %y = nn.concat %a, %b dim 1 : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x7xf32>
    ```

    Constraints:
    - there is at least one operand
    - operands have one element type
    - `dim` is a dim of the operands
    - operands differ in this dim alone
    - the result has the sum of their extents in the dim
  }];
  let arguments = (ins Variadic<NN_Tensor>:$parts, I64Attr:$dim);
  let results = (outs NN_Tensor:$y);
  let assemblyFormat = "$parts `dim` $dim attr-dict `:` functional-type($parts, $y)";
}
def NN_PadOp : NN_PrimitiveOp<"pad", [NN_Gradient, NN_Body]> {
  let summary = "zeros around x along one dim: the gradient of slice, as slice is its";
  let description = [{
    x is placed at [start, start + extent of x) of the result's dim.

    ```mlir
    %y = nn.pad %x dim 1 start 2 : (tensor<2x3xf32>) -> tensor<2x7xf32>
    ```

    Constraints:
    - `dim` is a dim of x
    - operand and result differ in this dim alone
    - the place of x lies in the result's dim
  }];
  let arguments = (ins NN_FloatTensor:$x, I64Attr:$dim, I64Attr:$start);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$x `dim` $dim `start` $start attr-dict `:` functional-type($x, $y)";
}
def NN_SumOp : NN_PrimitiveOp<"sum", [NN_Infer, NN_Gradient, NN_Body]> {
  let summary = "sum over dims, which are removed";
  let description = [{
    ```mlir
    %y = nn.sum %x dims [0, 1] : (tensor<2x7x256xf32>) -> tensor<256xf32>
    ```

    Constraints:
    - there is at least one dim, and dims are ascending dims of x
    - dims are leading dims, trailing dims or all of them
    - the result has x's other dims and its element type
  }];
  let arguments = (ins NN_FloatTensor:$x, DenseI64ArrayAttr:$dims);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$x `dims` $dims attr-dict `:` functional-type($x, $y)";
  let extraClassDeclaration = "int getDomainOperand() { return 0; }";
}
def NN_BroadcastOp : NN_PrimitiveOp<"broadcast", [NN_Gradient, NN_Body]> {
  let summary = "repeats x along new dims: the gradient of sum, as sum is its";
  let description = [{
    `dims` are the dims of the result that x lacks. Of `like` the shape alone is used: it is the result's,
    and so is its split.

    ```mlir
    %y = nn.broadcast %x like %l dims [0] : (tensor<7xf32>, tensor<2x7xf32>) -> tensor<2x7xf32>
    ```

    Constraints:
    - there is at least one dim, and dims are ascending dims of `like`
    - the result has the shape of `like` and the element type of x
    - x has the result's dims that `dims` does not name
  }];
  let arguments = (ins NN_FloatTensor:$x, NN_FloatTensor:$like, DenseI64ArrayAttr:$dims);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$x `like` $like `dims` $dims attr-dict `:` functional-type(operands, results)";
}

//===-------------------------------------------------------------------------------------===//
// Normalization
//===-------------------------------------------------------------------------------------===//

def NN_LayerNormalizeOp : NN_PrimitiveOp<"layer_normalize", [NN_Infer, NN_Gradient, NN_Body]> {
  let summary = "(x - mean) * rstd over the last dim, rstd = 1 / sqrt(var + eps)";
  let description = [{
    Constraints:
    - eps is not negative
    - x has a last dim
    - xhat has the type of x
    - rstd has the shape of x without its last dim: float32, or float64 of float64

    ```mlir
    %xhat, %rstd = nn.layer_normalize %x {eps = 1.0e-5} : (tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2xf32>)
    ```
  }];
  let arguments = (ins NN_FloatTensor:$x, F64Attr:$eps);
  let results = (outs NN_FloatTensor:$xhat, NN_FloatTensor:$rstd);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}
def NN_LayerNormalizeGradOp : NN_PrimitiveOp<"layer_normalize_grad", [NN_Infer, NN_Body]> {
  let summary = "rstd * (d - mean(d) - xhat * mean(d * xhat))";
  let description = [{
    d is the gradient of xhat.

    Constraints:
    - xhat has a last dim
    - d and xhat have one type
    - rstd has the type that the normalization gives it
    - the result has the type of xhat

    ```mlir
    %dx = nn.layer_normalize_grad %d, %xhat, %rstd
        : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2xf32>) -> tensor<2x8xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$d, NN_FloatTensor:$xhat, NN_FloatTensor:$rstd);
  let results = (outs NN_FloatTensor:$dx);
  let assemblyFormat = "$d `,` $xhat `,` $rstd attr-dict `:` functional-type(operands, results)";
}
def NN_RmsNormalizeOp : NN_PrimitiveOp<"rms_normalize", [NN_Infer, NN_Gradient, NN_Body]> {
  let summary = "x * rstd over the last dim, rstd = 1 / sqrt(mean(x^2) + eps)";
  let description = [{
    Constraints:
    - eps is not negative
    - x has a last dim
    - xhat has the type of x
    - rstd has the shape of x without its last dim: float32, or float64 of float64

    ```mlir
    %xhat, %rstd = nn.rms_normalize %x {eps = 1.0e-5} : (tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2xf32>)
    ```
  }];
  let arguments = (ins NN_FloatTensor:$x, F64Attr:$eps);
  let results = (outs NN_FloatTensor:$xhat, NN_FloatTensor:$rstd);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
}
def NN_RmsNormalizeGradOp : NN_PrimitiveOp<"rms_normalize_grad", [NN_Infer, NN_Body]> {
  let summary = "rstd * (d - xhat * mean(d * xhat))";
  let description = [{
    d is the gradient of xhat.

    Constraints:
    - xhat has a last dim
    - d and xhat have one type
    - rstd has the type that the normalization gives it
    - the result has the type of xhat

    ```mlir
    %dx = nn.rms_normalize_grad %d, %xhat, %rstd
        : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<2xf32>) -> tensor<2x8xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$d, NN_FloatTensor:$xhat, NN_FloatTensor:$rstd);
  let results = (outs NN_FloatTensor:$dx);
  let assemblyFormat = "$d `,` $xhat `,` $rstd attr-dict `:` functional-type(operands, results)";
}

//===-------------------------------------------------------------------------------------===//
// Embedding and positions
//===-------------------------------------------------------------------------------------===//

def NN_PositionsOp : NN_PrimitiveOp<"positions", [NN_Infer, NN_Body]> {
  let summary = "the index along the last dim of ids: [b, t] -> [b, t]";
  let description = [{
    The local form of a sequence split takes the offset along the last dim.

    Constraints:
    - ids has a last dim
    - there is no offset, or one
    - the result has the type of ids

    ```mlir
    %p = nn.positions %ids : (tensor<2x4xi32>) -> tensor<2x4xi32>
    ```
  }];
  let arguments = (ins NN_IntTensor:$ids, Variadic<Index>:$offsets);
  let results = (outs NN_IntTensor:$y);
  let assemblyFormat = "$ids (`at` $offsets^)? attr-dict `:` functional-type(operands, results)";
}
def NN_EmbeddingOp : NN_PrimitiveOp<"embedding", [NN_Infer, NN_Gradient, NN_Body]> {
  let summary = "rows of a table: ids [...], table [v, d] -> [..., d]";
  let description = [{
    An id outside of the table gives zeros. The local form of a vocabulary split takes the offset of the
    rank's rows and gives zeros for ids of other ranks: partial(sum).

    Constraints:
    - the table has two dims
    - there is no offset, or one
    - the result has the dims of ids and then the last one of the table, and its element type

    ```mlir
    %y = nn.embedding %ids, %table : (tensor<2x4xi32>, tensor<16x8xf32>) -> tensor<2x4x8xf32>
    ```
  }];
  let arguments = (ins NN_IntTensor:$ids, NN_FloatTensor:$table, Variadic<Index>:$offsets);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$ids `,` $table (`at` $offsets^)? attr-dict `:` functional-type(operands, results)";
}
def NN_EmbeddingGradOp : NN_PrimitiveOp<"embedding_grad", [NN_Infer, NN_Body]> {
  let summary = "dy summed into the rows of its ids: [..., d] -> [v, d]";
  let description = [{
    Rows are summed in ascending order of position. Of `like`, the table, the shape alone is used: it says
    v, and its split is the result's. Ids from `rows` on, where it is given, have no row: the local form of a
    padded table is longer than the table.

    Constraints:
    - rows is positive
    - the table has two dims
    - dy and the table have one element type
    - dy has the dims of ids and then the last one of the table
    - there is no offset, or one
    - the result has the type of the table

    ```mlir
    %d = nn.embedding_grad %ids, %dy like %table
        : (tensor<2x4xi32>, tensor<2x4x8xf32>, tensor<16x8xf32>) -> tensor<16x8xf32>
    ```
  }];
  let arguments = (ins NN_IntTensor:$ids, NN_FloatTensor:$dy, NN_FloatTensor:$like, Variadic<Index>:$offsets,
                       OptionalAttr<I64Attr>:$rows);
  let results = (outs NN_FloatTensor:$d_table);
  let assemblyFormat = "$ids `,` $dy `like` $like (`at` $offsets^)? attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = "int getDomainOperand() { return 1; }";
}
def NN_RopeOp : NN_PrimitiveOp<"rope", [NN_Infer, NN_Gradient, NN_Body]> {
  let summary = "rotary position embedding of [b, t, h, d], halves paired (i, i + d/2)";
  let description = [{
    Angle of pair i at position p: p * theta^(-2i/d). `inverse` turns back: the gradient. Positions are
    indices along t; the local form of a sequence split takes the offset along t.

    Constraints:
    - theta is positive
    - x has four dims, the last one even
    - there is no offset, or one
    - the result has the type of x

    ```mlir
    %y = nn.rope %x {theta = 10000.0} : (tensor<2x4x2x8xf32>) -> tensor<2x4x2x8xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$x, Variadic<Index>:$offsets, DefaultValuedAttr<F64Attr, "10000.0">:$theta,
                       UnitAttr:$inverse);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$x (`at` $offsets^)? attr-dict `:` functional-type(operands, results)";
}

//===-------------------------------------------------------------------------------------===//
// Cross entropy by rows: logits [..., classes], everything else [...]
//
// `classes` is the logical extent: columns from there on (pads) count for nothing, and their
// gradient is zero. Local forms take the offset of the rank's columns.
//===-------------------------------------------------------------------------------------===//

def NN_CeRowMaxOp : NN_PrimitiveOp<"ce_row_max", [NN_Infer, NN_Gradient, NN_Body]> {
  let summary = "the row maximum; a shift, through which no gradient flows";
  let description = [{
    Constraints:
    - classes is from 1 to 2^31 - 1, as labels can name them
    - logits has two dims or more
    - there is no offset, or one
    - the result has the shape of logits without its last dim: float32, or float64 of float64

    ```mlir
    %m = nn.ce_row_max %logits {classes = 16} : (tensor<4x16xf32>) -> tensor<4xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$logits, Variadic<Index>:$offsets, I64Attr:$classes);
  let results = (outs NN_FloatTensor:$row_max);
  let extraClassDeclaration = "int getDomainOperand() { return 0; }";
  let assemblyFormat = "$logits (`at` $offsets^)? attr-dict `:` functional-type(operands, results)";
}
def NN_CeRowSumsOp : NN_PrimitiveOp<"ce_row_sums", [NN_Infer, NN_Gradient, NN_Body]> {
  let summary = "sum of exp(logit - row_max), the target's logit, and with `smoothing` the sum of all logits";
  let description = [{
    Constraints:
    - classes is from 1 to 2^31 - 1, as labels can name them
    - logits has two dims or more
    - values by row have the shape of logits without its last dim: float32, or float64 of float64
    - labels has the shape of logits without its last dim
    - there is no offset, or one
    - with `smoothing` there are three results, else two

    ```mlir
    %s, %t = nn.ce_row_sums %logits, %m, %labels {classes = 16}
        : (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>)
    ```
  }];
  let arguments = (ins NN_FloatTensor:$logits, NN_FloatTensor:$row_max, NN_IntTensor:$labels, Variadic<Index>:$offsets,
                       I64Attr:$classes, UnitAttr:$smoothing);
  let results = (outs NN_FloatTensor:$sum_exp, NN_FloatTensor:$target, Optional<NN_FloatTensor>:$sum_logits);
  let extraClassDeclaration = "int getDomainOperand() { return 0; }";
  let assemblyFormat = "$logits `,` $row_max `,` $labels (`at` $offsets^)? attr-dict `:` functional-type(operands, results)";
}
def NN_CeRowSumsGradOp : NN_PrimitiveOp<"ce_row_sums_grad", [NN_Infer, NN_Body, AttrSizedOperandSegments]> {
  let summary = "exp(logit - row_max) * d_sum_exp + onehot(label) * d_target (+ d_sum_logits)";
  let description = [{
    Columns from `classes` on are written as zero.

    Constraints:
    - classes is from 1 to 2^31 - 1, as labels can name them
    - logits has two dims or more
    - values by row have the shape of logits without its last dim: float32, or float64 of float64
    - labels has the shape of logits without its last dim
    - there is no offset, or one
    - the result has the type of logits

    ```mlir
    %d = nn.ce_row_sums_grad %logits, %m, %labels, %ds, %dt {classes = 16} : (tensor<4x16xf32>,
        tensor<4xf32>, tensor<4xi32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4x16xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$logits, NN_FloatTensor:$row_max, NN_IntTensor:$labels,
                       NN_FloatTensor:$d_sum_exp, NN_FloatTensor:$d_target, Optional<NN_FloatTensor>:$d_sum_logits,
                       Variadic<Index>:$offsets, I64Attr:$classes);
  let results = (outs NN_FloatTensor:$d_logits);
  let assemblyFormat = [{
    $logits `,` $row_max `,` $labels `,` $d_sum_exp `,` $d_target (`smoothing` $d_sum_logits^)? (`at` $offsets^)?
    attr-dict `:` functional-type(operands, results)
  }];
}
def NN_CeRowLossOp : NN_PrimitiveOp<"ce_row_loss", [NN_Infer, NN_Gradient, NN_Body]> {
  let summary = "log(sum_exp) + row_max - (1 - e) target - e/classes sum_logits; 0 where ignored";
  let description = [{
    e is `label_smoothing`.

    Constraints:
    - classes is from 1 to 2^31 - 1, as labels can name them
    - 0 <= label_smoothing < 1
    - the sum of logits is there just where label_smoothing is not 0
    - row_max, target and sum_logits have the type of sum_exp
    - labels has the shape of sum_exp
    - the result has the type of sum_exp

    ```mlir
    %l = nn.ce_row_loss %m, %s, %t labels %labels {classes = 16, ignore_index = -100, label_smoothing = 0.0}
        : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$row_max, NN_FloatTensor:$sum_exp, NN_FloatTensor:$target,
                       Optional<NN_FloatTensor>:$sum_logits, NN_IntTensor:$labels,
                       I64Attr:$classes, I64Attr:$ignore_index, F64Attr:$label_smoothing);
  let results = (outs NN_FloatTensor:$loss);
  let assemblyFormat = [{
    $row_max `,` $sum_exp `,` $target (`smoothing` $sum_logits^)? `labels` $labels attr-dict `:` functional-type(operands, results)
  }];
}
def NN_CeRowLossGradOp : NN_PrimitiveOp<"ce_row_loss_grad", [NN_Infer, NN_Body]> {
  let summary = "gradients of sum_exp, target and, if smoothed, sum_logits; 0 where ignored";
  let description = [{
    d_loss / sum_exp, (e - 1) d_loss and -e/classes d_loss, where e is `label_smoothing`.

    Constraints:
    - classes is from 1 to 2^31 - 1, as labels can name them
    - 0 <= label_smoothing < 1
    - the gradient of the sum of logits is there just where label_smoothing is not 0
    - d_loss has the type of sum_exp
    - labels has the shape of sum_exp
    - the results have the type of sum_exp

    ```mlir
    %ds, %dt = nn.ce_row_loss_grad %d, %s, %labels {classes = 16, ignore_index = -100, label_smoothing = 0.0}
        : (tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>)
    ```
  }];
  let arguments = (ins NN_FloatTensor:$d_loss, NN_FloatTensor:$sum_exp, NN_IntTensor:$labels,
                       I64Attr:$classes, I64Attr:$ignore_index, F64Attr:$label_smoothing);
  let results = (outs NN_FloatTensor:$d_sum_exp, NN_FloatTensor:$d_target, Optional<NN_FloatTensor>:$d_sum_logits);
  let assemblyFormat = "$d_loss `,` $sum_exp `,` $labels attr-dict `:` functional-type(operands, results)";
}
def NN_CountLabelsOp : NN_PrimitiveOp<"count_labels", [NN_Infer, NN_Body]> {
  let summary = "the number of labels that are not ignore_index, a float32 scalar (float64 if `wide`)";
  let description = [{
    `global_shape` is the logical extent of labels: what lies beyond (pads) does not count. The local form
    takes one offset per dim.

    Constraints:
    - global_shape has one size for each dim of labels
    - there is no offset, or one for each dim of labels
    - the result is tensor<f32>, or tensor<f64> with `wide`

    ```mlir
    %n = nn.count_labels %labels {ignore_index = -100, global_shape = array<i64: 2, 4>}
        : (tensor<2x4xi32>) -> tensor<f32>
    ```
  }];
  let arguments = (ins NN_IntTensor:$labels, Variadic<Index>:$offsets, I64Attr:$ignore_index,
                       DenseI64ArrayAttr:$global_shape, UnitAttr:$wide);
  let results = (outs NN_FloatTensor:$count);
  let assemblyFormat = "$labels (`at` $offsets^)? attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = "int getDomainOperand() { return 0; }";
}
def NN_DivCountOp : NN_PrimitiveOp<"div_count", [NN_Infer, NN_Gradient, NN_Body]> {
  let summary = "x / max(count, 1), for a 0-d count that has no gradient";
  let description = [{
    Constraints:
    - the count is 0-d, of x's element type
    - the result has the type of x

    ```mlir
    %y = nn.div_count %x, %n : (tensor<f32>, tensor<f32>) -> tensor<f32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$x, NN_FloatTensor:$count);
  let results = (outs NN_FloatTensor:$y);
  let assemblyFormat = "$x `,` $count attr-dict `:` functional-type(operands, results)";
}

//===-------------------------------------------------------------------------------------===//
// Training
//===-------------------------------------------------------------------------------------===//

def NN_ClipFactorOp : NN_PrimitiveOp<"clip_factor", [NN_Infer, NN_Body]> {
  let summary = "min(1, max_norm / (norm + 1e-6)) and norm, of a squared norm (0-d)";
  let description = [{
    As torch.nn.utils.clip_grad_norm_.

    Constraints:
    - max_norm is positive
    - the squared norm is 0-d
    - the results have its type

    ```mlir
    %factor, %norm = nn.clip_factor %squared {max_norm = 1.0} : (tensor<f32>) -> (tensor<f32>, tensor<f32>)
    ```
  }];
  let arguments = (ins NN_FloatTensor:$norm_squared, F64Attr:$max_norm);
  let results = (outs NN_FloatTensor:$factor, NN_FloatTensor:$norm);
  let assemblyFormat = "$norm_squared attr-dict `:` functional-type(operands, results)";
}
def NN_SgdOp : NN_PrimitiveOp<"sgd", [NN_Infer, NN_Body]> {
  let summary = "a step of torch.optim.SGD";
  let description = [{
    g += weight_decay p; with momentum: m' = g in step 1, else momentum m + g; p' = p - lr m'.

    Constraints:
    - there is a moment just where momentum is not 0
    - gradient and moment have the type of the parameter
    - lr is 0-d, of the parameter's element type
    - step is 0-d
    - the results have the type of the parameter

    ```mlir
    %p2 = nn.sgd %p, %g, %lr, %step {momentum = 0.0, weight_decay = 0.0}
        : (tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>) -> tensor<8xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$p, NN_FloatTensor:$g, Optional<NN_FloatTensor>:$m, NN_FloatTensor:$lr, NN_IntTensor:$step,
                       F64Attr:$momentum, F64Attr:$weight_decay);
  let results = (outs NN_FloatTensor:$new_p, Optional<NN_FloatTensor>:$new_m);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}
def NN_AdamOp : NN_PrimitiveOp<"adam", [NN_Infer, NN_Body]> {
  let summary = "a step of torch.optim.Adam, or AdamW if decoupled";
  let description = [{
    Bias-corrected: p' = p - lr / (1 - beta1^step) * m' / (sqrt(v') / sqrt(1 - beta2^step) + eps).
    Weight decay is added to the gradient, or if decoupled p is scaled by 1 - lr weight_decay first.

    Constraints:
    - 0 <= beta1 < 1 and 0 <= beta2 < 1
    - eps is not negative
    - gradient and moments have the type of the parameter
    - lr is 0-d, of the parameter's element type
    - step is 0-d
    - the results have the type of the parameter

    ```mlir
    %p2, %m2, %v2 = nn.adam %p, %g, %m, %v, %lr, %step
        {beta1 = 0.9, beta2 = 0.999, eps = 1.0e-8, weight_decay = 0.0}
        : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<i32>)
        -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>)
    ```
  }];
  let arguments = (ins NN_FloatTensor:$p, NN_FloatTensor:$g, NN_FloatTensor:$m, NN_FloatTensor:$v, NN_FloatTensor:$lr,
                       NN_IntTensor:$step, F64Attr:$beta1, F64Attr:$beta2, F64Attr:$eps, F64Attr:$weight_decay,
                       DefaultValuedAttr<BoolAttr, "false">:$decoupled);
  let results = (outs NN_FloatTensor:$new_p, NN_FloatTensor:$new_m, NN_FloatTensor:$new_v);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

#endif
