//===- TPOps.td - Shardings, reshards, collectives ------------------------*- tablegen -*-===//
//
// How values are split over a mesh of ranks, and what moves between ranks.
//
//===---------------------------------------------------------------------------------------===//
#ifndef TPC_TP_OPS
#define TPC_TP_OPS

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def TP_Dialect : Dialect {
  let name = "tp";
  let cppNamespace = "::tpc::tp";
  let summary = "Shardings and collectives over a mesh of ranks";
  let description = [{
    At level `sharded` every tensor type carries a sharding, and each change of sharding is a
    `tp.reshard`. At level `local` types are local and each reshard has become one collective, or a
    local slice.
  }];
  let useDefaultAttributePrinterParser = 1;
}

def TP_ReduceKind : I32EnumAttr<"Reduce", "how partial values combine", [
    I32EnumAttrCase<"sum", 0>, I32EnumAttrCase<"max", 1>]> {
  let cppNamespace = "::tpc::tp";
  let genSpecializedAttr = 0;
}
def TP_ReduceKindAttr : EnumAttr<TP_Dialect, TP_ReduceKind, "reduce">;

def TP_ShardingAttr : AttrDef<TP_Dialect, "Sharding", [
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = "sharding";
  let summary = "the placements of a value on all axes: the encoding of its tensor type";
  let description = [{
    ```
    tensor<8x128xf32, #tp.sharding<@mesh, [{}, {"tp"} ]>>
    tensor<50257x768xf32, #tp.sharding<@mesh, [{50257:50258 "tp"}, {} ]>>
    tensor<8x128xf32, #tp.sharding<@mesh, [{}, {} ], partial = {"tp"}>>
    tensor<8xf32, #tp.sharding<@mesh, [{} ], partial = {max "tp"}>>
    tensor<8x768xf32, #tp.sharding<@mesh, [{}, {12:16 "tp", 64} ]>>
    ```
    A dim is a list of factors, major first: `logical[:padded] [axes]`. A single factor that is not
    padded needs no sizes. `dims` holds one array per dim, of dictionaries {size, padded, axes}: size 0
    is the extent of the dim. `partial` holds {axis, kind}.

    Constraints:
    - the rank is that of the tensor;
    - the logical sizes of a dim's factors multiply to its extent; padded sizes are not smaller;
    - several factors have sizes; a single one that is not padded has none (one form for each meaning);
    - no axis is used twice.
  }];
  // Kept as plain attributes so that uniquing, printing and hashing are MLIR's own; the algebra's
  // form is tpc::Sharding (see TP.h: toSharding, withSharding).
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$mesh, "::mlir::ArrayAttr":$dims, "::mlir::ArrayAttr":$partial);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

class TP_Op<string mnemonic, list<Trait> traits = []> : Op<TP_Dialect, mnemonic, traits>;

def TP_MeshOp : TP_Op<"mesh", [Symbol]> {
  let summary = "the named grid of ranks";
  let description = [{
    Ranks are numbered row-major, the last axis fastest.

    ```mlir
    tp.mesh @mesh ["dp" = 2, "tp" = 4]
    ```

    Constraints:
    - axis names differ;
    - an axis has at least one rank;
    - it stands in the module itself;
    - a module has one mesh.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$axis_names, DenseI64ArrayAttr:$axis_sizes);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def TP_ReshardOp : TP_Op<"reshard", [Pure]> {
  let summary = "a change of sharding (level `sharded`)";
  let description = [{
    `why` names the op that needed it, the decision that it came from, and what else was possible with its
    predicted cost. With a `wire` type the value is rounded to it in front of what moves between ranks, and
    widened behind.

    ```mlir
    %r = tp.reshard %y why "nn.gelu needs all of it"
        : tensor<8x4xf32, #tp.sharding<@mesh, [{}, {} ], partial = {"tp"}>> -> tensor<8x4xf32, #tp.sharding<@mesh, [{}, {} ]>>
    ```

    Constraints:
    - operand and result have the same shape and element type;
    - the wire type is a float type narrower than the element type.
  }];
  let arguments = (ins AnyRankedTensor:$x, StrAttr:$why, OptionalAttr<TypeAttr>:$wire);
  let results = (outs AnyRankedTensor:$y);
  let assemblyFormat = "$x `why` $why (`wire` $wire^)? attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
}

//===--- level local: collectives and rank-dependent ops ---===//

/// Collectives take several tensors, so that small ones can be packed into one.
class TP_CollectiveOp<string mnemonic> : TP_Op<mnemonic, [Pure]> {
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let hasVerifier = 1;
}
def TP_AllReduceOp : TP_CollectiveOp<"all_reduce"> {
  let summary = "partial(kind) to replicated";
  let description = [{
    ```mlir
    %r = tp.all_reduce sum %x on "tp" why "nn.gelu needs all of it" : (tensor<8x4xf32>) -> tensor<8x4xf32>
    ```

    Constraints:
    - at least one input, and as many results as inputs;
    - the mesh has the axis;
    - each result has the type of its input.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, StrAttr:$axis, TP_ReduceKindAttr:$kind, StrAttr:$why);
  let assemblyFormat = "custom<Kind>($kind) $inputs `on` $axis `why` $why attr-dict `:` functional-type($inputs, $results)";
}
def TP_AllGatherOp : TP_CollectiveOp<"all_gather"> {
  let summary = "split(dim) to replicated: the parts of the ranks one after the other along dim";
  let description = [{
    What is split must be the major factor of the dim. Pads are gathered too; an `nn.slice` drops them.

    ```mlir
    %r = tp.all_gather %x dim 1 on "tp" why "nn.linear needs all rows" : (tensor<8x2x4xf32>) -> tensor<8x4x4xf32>
    ```

    Constraints:
    - at least one input, and as many results as inputs;
    - the mesh has the axis, each input the dim;
    - each result has the type of its input, with `dim` times the ranks of the axis.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, StrAttr:$axis, I64Attr:$dim, StrAttr:$why);
  let assemblyFormat = "$inputs `dim` $dim `on` $axis `why` $why attr-dict `:` functional-type($inputs, $results)";
}
def TP_ReduceScatterOp : TP_CollectiveOp<"reduce_scatter"> {
  let summary = "partial(sum) to split(dim)";
  let description = [{
    The extent of the dim must divide; where it does not, an `nn.pad` comes first.

    ```mlir
    %r = tp.reduce_scatter %x dim 1 on "tp" why "..." : (tensor<8x4x4xf32>) -> tensor<8x2x4xf32>
    ```

    Constraints:
    - at least one input, and as many results as inputs;
    - the mesh has the axis, each input the dim, and its extent divides by the ranks of the axis;
    - each result has the type of its input, with `dim` divided by the ranks of the axis.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, StrAttr:$axis, I64Attr:$dim, StrAttr:$why);
  let assemblyFormat = "$inputs `dim` $dim `on` $axis `why` $why attr-dict `:` functional-type($inputs, $results)";
}
def TP_AllToAllOp : TP_CollectiveOp<"all_to_all"> {
  let summary = "split(from_dim) to split(to_dim)";
  let description = [{
    ```mlir
    %r = tp.all_to_all %x from 0 to 1 on "tp" why "..." : (tensor<4x8xf32>) -> tensor<8x4xf32>
    ```

    Constraints:
    - at least one input, and as many results as inputs;
    - the mesh has the axis, each input the dims, which differ, and `to_dim` divides by the ranks of the axis;
    - each result has the type of its input, with `from_dim` times and `to_dim` divided by the ranks of the axis.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, StrAttr:$axis, I64Attr:$from_dim, I64Attr:$to_dim, StrAttr:$why);
  let assemblyFormat = "$inputs `from` $from_dim `to` $to_dim `on` $axis `why` $why attr-dict `:` functional-type($inputs, $results)";
}
def TP_SliceOp : TP_Op<"slice", [Pure]> {
  let summary = "replicated to split(dim): each rank takes its part";
  let description = [{
    The local extent and the rank's coordinate give the offset. What lies beyond the input's extent
    (padding) is zero.

    ```mlir
    %r = tp.slice %x dim 0 on "tp" why "..." : tensor<7x4xf32> -> tensor<4x4xf32>
    ```

    Constraints:
    - the mesh has the axis, the input the dim;
    - the result has the type of the input, with `dim` large enough that the ranks' parts cover the input.
  }];
  let arguments = (ins AnyRankedTensor:$x, StrAttr:$axis, I64Attr:$dim, StrAttr:$why);
  let results = (outs AnyRankedTensor:$y);
  let assemblyFormat = "$x `dim` $dim `on` $axis `why` $why attr-dict `:` type($x) `->` type($y)";
  let hasVerifier = 1;
}
def TP_OffsetOp : TP_Op<"offset", [Pure]> {
  let summary = "where the rank's part of a factor begins: coordinate(axis) * extent";
  let description = [{
    Without an axis it is 0: the factor is whole.

    ```mlir
    %o = tp.offset 25129 on "tp"
    ```

    Constraints:
    - the extent is positive;
    - the mesh has the axis.
  }];
  let arguments = (ins I64Attr:$extent, OptionalAttr<StrAttr>:$axis);
  let results = (outs Index:$offset);
  let assemblyFormat = "$extent (`on` $axis^)? attr-dict";
  let hasVerifier = 1;
}
def TP_MaskOp : TP_Op<"mask", [Pure]> {
  let summary = "x where the index along a factor is below its logical extent, else `fill`";
  let description = [{
    The factor's index at local index i of `dim` is offset + (i / minor) mod extent; minor is the product
    of the local extents of the dim's factors on its right, extent the factor's own.

    ```mlir
    %m = tp.mask %x at %o dim 1 minor 64 extent 2 logical 12 fill 0.0 : tensor<8x128xf32> -> tensor<8x128xf32>
    ```

    Constraints:
    - the type stays the same, and its elements are floats;
    - the tensor has the dim, and minor * extent divides its size;
    - the logical extent is positive.
  }];
  let arguments = (ins AnyRankedTensor:$x, Index:$offset, I64Attr:$dim, I64Attr:$minor, I64Attr:$extent,
                       I64Attr:$logical, F64Attr:$fill);
  let results = (outs AnyRankedTensor:$y);
  let assemblyFormat = [{
    $x `at` $offset `dim` $dim `minor` $minor `extent` $extent `logical` $logical `fill` $fill attr-dict
    `:` type($x) `->` type($y)
  }];
  let hasVerifier = 1;
}

#endif
