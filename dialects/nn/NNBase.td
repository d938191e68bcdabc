//===- NNBase.td - The nn dialect: definition, attributes, base classes ---*- tablegen -*-===//
//
// The model: static ranked tensors with global shapes, value semantics, no devices.
//
//===---------------------------------------------------------------------------------------===//
#ifndef TPC_NN_BASE
#define TPC_NN_BASE

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/nn/NNInterfaces.td"

def NN_Dialect : Dialect {
  let name = "nn";
  let cppNamespace = "::tpc::nn";
  let summary = "A transformer and its training, for one device";
  let description = [{
    A module holds declarations (dims, inputs, scalars, parameters, ties, state, layers, a training)
    and entries; an entry is one block of ops on ranked, static tensors with value semantics. Linear
    weights are `[out, in]`; attention operands are `[b, t, h, d]`.

    Composite ops (`nn.layer_norm`, `nn.attention`, `nn.cross_entropy`, ...) are what a model is
    written in; at level `grad` they are expanded into primitive ops, which alone have gradients,
    sharding rules, costs and bodies.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
}

//===--- types ---===//
/// Bytes and flops of such tensors can be counted by 64-bit integers.
class NN_TensorOf<list<Type> elements>
    : ConfinedType<StaticShapeTensorOf<elements>,
                   [CPred<"::tpc::nn::hasCountableElements(::llvm::cast<::mlir::RankedTensorType>($_self))">],
                   StaticShapeTensorOf<elements>.summary # ", at most 2^40 elements">;
def NN_FloatTensor : NN_TensorOf<[F32, F64, BF16]>;
def NN_IntTensor : NN_TensorOf<[I32]>;
def NN_Tensor : NN_TensorOf<[F32, F64, BF16, I32]>;

//===--- attributes ---===//
class NN_Attr<string name, string mnemonic_> : AttrDef<NN_Dialect, name> {
  let mnemonic = mnemonic_;
}

def NN_InitKind : I32EnumAttr<"InitKind", "how a parameter begins", [
    I32EnumAttrCase<"zeros", 0>, I32EnumAttrCase<"ones", 1>, I32EnumAttrCase<"constant", 2>,
    I32EnumAttrCase<"normal", 3>, I32EnumAttrCase<"uniform", 4>]> {
  let cppNamespace = "::tpc::nn";
  let genSpecializedAttr = 0;
}
def NN_InitAttr : NN_Attr<"Init", "init"> {
  let summary = "initial values of a parameter, or a default draw of an input";
  let description = [{
    `#nn.init<zeros>`, `#nn.init<ones>`, `#nn.init<constant, 0.5>`, `#nn.init<normal, 0.0, 0.02>`
    (mean, standard deviation), `#nn.init<uniform, -0.1, 0.1>` (half-open range).

    Constraints:
    - the standard deviation of `normal` is not negative
    - the range of `uniform` is not empty
  }];
  let parameters = (ins "::tpc::nn::InitKind":$kind, "::mlir::FloatAttr":$a, "::mlir::FloatAttr":$b);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}
def NN_SourceAttr : NN_Attr<"Source", "source"> {
  let summary = "where a checkpoint holds a parameter";
  let description = [{
    `#nn.source<"h.0.attn.c_attn.weight", slice = 1 [768, 768], transpose>`: of the named tensor, the
    768 indices from 768 on of dim 1, then transposed (2-d only). Without a slice `slice_dim` is -1. Inside of
    `nn.layers` `{layer}` stands for the number of the layer.

    Constraints:
    - the name of the tensor is not empty
    - the slice begins at 0 or later and is not empty
  }];
  let parameters = (ins StringRefParameter<>:$tensor, "bool":$transpose, "int64_t":$sliceDim,
                        "int64_t":$sliceStart, "int64_t":$sliceSize);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}
def NN_TokensAttr : NN_Attr<"Tokens", "tokens"> {
  let summary = "feeds an input from a token stream";
  let description = [{
    `#nn.tokens<shift = 1, stride = 64, tail = -100>`: sample i begins at i * stride; the input's last
    dim is a window of the stream, `shift` tokens on; what lies beyond the end of the stream is
    `tail`. stride 0 means the window's length.

    Constraints:
    - shift and stride are 0 or more
    - the tail is a number of 32 bits
  }];
  let parameters = (ins DefaultValuedParameter<"int64_t", "0">:$shift,
                        DefaultValuedParameter<"int64_t", "0">:$stride,
                        DefaultValuedParameter<"int64_t", "0">:$tail);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}
def NN_SgdAttr : NN_Attr<"Sgd", "sgd"> {
  let summary = "torch.optim.SGD";
  let description = [{
    `#nn.sgd<lr = @lr, momentum = 0.9 : f64, weight_decay = 1.0e-4 : f64>`: `lr` names a float
    `nn.scalar` without a role, which a run may set anew before any step. What is not written is as
    in PyTorch: momentum 0, and then no state is kept; weight_decay 0. A group of the training may
    give its parameters another weight_decay.
  }];
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$lr,
                        OptionalParameter<"::mlir::FloatAttr">:$momentum,
                        OptionalParameter<"::mlir::FloatAttr">:$weight_decay);
  let assemblyFormat = "`<` struct(params) `>`";
}
def NN_AdamAttr : NN_Attr<"Adam", "adam"> {
  let summary = "torch.optim.Adam, or AdamW if decoupled";
  let description = [{
    `#nn.adam<lr = @lr, beta1 = 0.9 : f64, beta2 = 0.95 : f64, weight_decay = 0.1 : f64, decoupled = true>`:
    `lr` names a float `nn.scalar` without a role, which a run may set anew before any step. What is
    not written is as in PyTorch: beta1 0.9, beta2 0.999, eps 1e-8, decoupled false; weight_decay 0,
    or 0.01 if decoupled. A group of the training may give its parameters another weight_decay.
  }];
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$lr,
                        OptionalParameter<"::mlir::FloatAttr">:$beta1,
                        OptionalParameter<"::mlir::FloatAttr">:$beta2,
                        OptionalParameter<"::mlir::FloatAttr">:$eps,
                        OptionalParameter<"::mlir::FloatAttr">:$weight_decay,
                        DefaultValuedParameter<"bool", "false">:$decoupled);
  let assemblyFormat = "`<` struct(params) `>`";
}
def NN_GroupAttr : NN_Attr<"Group", "group"> {
  let summary = "parameters that the optimizer treats apart";
  let description = [{
    `#nn.group<"*.bias", weight_decay = 0.0 : f64>`: the parameters whose name matches the pattern (`*` is
    any run of characters) get this weight decay. The first group that matches wins; a group that
    matches nothing, or nothing that the groups before it leave, is an error.
  }];
  let parameters = (ins StringRefParameter<>:$pattern, "::mlir::FloatAttr":$weight_decay);
  let assemblyFormat = "`<` $pattern `,` `weight_decay` `=` $weight_decay `>`";
}

def NN_Reduction : I32EnumAttr<"Reduction", "over the rows of a loss", [
    I32EnumAttrCase<"mean", 0>, I32EnumAttrCase<"sum", 1>]> {
  let cppNamespace = "::tpc::nn";
  let genSpecializedAttr = 0;
}
def NN_ReductionAttr : EnumAttr<NN_Dialect, NN_Reduction, "reduction"> {
  let description = [{
    Of the rows that are not ignored: `reduction = #nn<reduction mean>`, as when nothing is written, or
    `reduction = #nn<reduction sum>`.
  }];
}
def NN_ScalarRole : I32EnumAttr<"ScalarRole", "who sets a scalar", [
    I32EnumAttrCase<"user", 0>, I32EnumAttrCase<"step", 1>, I32EnumAttrCase<"seed", 2>]> {
  let cppNamespace = "::tpc::nn";
  let genSpecializedAttr = 0;
}
def NN_ScalarRoleAttr : EnumAttr<NN_Dialect, NN_ScalarRole, "role"> {
  let description = "A scalar without a role is set by who starts the run; `role step` and `role seed` by the run.";
}

//===--- op base classes ---===//
class NN_Op<string mnemonic, list<Trait> traits = []> : Op<NN_Dialect, mnemonic, traits>;

/// An op on tensors without side effects. verify() compares what can be inferred with the types
/// written, shardings (encodings) ignored.
class NN_TensorOp<string mnemonic, list<Trait> traits = []>
    : NN_Op<mnemonic, !listconcat([Pure], traits)> {
  let hasVerifier = 1;
}

/// What a model is written in; gone after `grad`.
class NN_CompositeOp<string mnemonic, list<Trait> traits = []>
    : NN_TensorOp<mnemonic, !listconcat([DeclareOpInterfaceMethods<NN_ShapeOp>,
                                         DeclareOpInterfaceMethods<NN_CompositeOpInterface>], traits)>;

/// Has a rule and a cost.
class NN_PrimitiveOp<string mnemonic, list<Trait> traits = []>
    : NN_TensorOp<mnemonic, !listconcat([DeclareOpInterfaceMethods<NN_ShardingRuleOp>,
                                         DeclareOpInterfaceMethods<NN_CostOp>], traits)>;

defvar NN_Infer = DeclareOpInterfaceMethods<NN_ShapeOp>;
defvar NN_Gradient = DeclareOpInterfaceMethods<NN_GradientOp>;
defvar NN_Body = DeclareOpInterfaceMethods<NN_BodyOp>;
defvar NN_Library = DeclareOpInterfaceMethods<NN_LibraryOp>;

#endif
