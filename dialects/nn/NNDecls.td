//===- NNDecls.td - Declarations, entries, and state access ---------------*- tablegen -*-===//
//
// What a model file says apart from its computation, so that a run has to guess nothing.
//
//===---------------------------------------------------------------------------------------===//
#ifndef TPC_NN_DECLS
#define TPC_NN_DECLS

include "dialects/nn/NNBase.td"

class NN_DeclOp<string mnemonic, list<Trait> traits = []>
    : NN_Op<mnemonic, !listconcat([Symbol], traits)>;

def NN_DimOp : NN_DeclOp<"dim"> {
  let summary = "a named dim with its default";
  let description = [{
    `nn.dim @B = 4`. Bound by `--dim B=8`: inputs that name it change, and all shapes are inferred anew.

    Constraints:
    - the size is positive
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$size);
  let assemblyFormat = "$sym_name `=` $size attr-dict";
  let hasVerifier = 1;
}

def NN_InputOp : NN_DeclOp<"input"> {
  let summary = "a tensor that each step is given";
  let description = [{
    ```mlir
    nn.input @tokens : tensor<1x7xi32> dims ["B", "T"] feed #nn.tokens<>
        default dense<[[72, 1842, 11192, 273, 10730, 1042, 13]]> : tensor<1x7xi32>
    ```
    `dims` names the dim of each axis of the tensor, or holds "" for a fixed size. The default value or
    draw is taken if a run gives no data.

    Constraints:
    - `dims` has one name, or "", for each axis of the tensor
    - only an i32 tensor with a last dim can be fed from a token stream
    - the default value has the input's type
    - the default is a value or a draw, not both
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<NN_Tensor>:$type, StrArrayAttr:$dims,
                       OptionalAttr<NN_TokensAttr>:$feed,
                       OptionalAttr<ElementsAttr>:$default_value,
                       OptionalAttr<NN_InitAttr>:$default_draw);
  let assemblyFormat = [{
    $sym_name `:` $type `dims` $dims (`feed` $feed^)? (`default` $default_value^)?
    (`draw` $default_draw^)? attr-dict
  }];
  let hasVerifier = 1;
}

def NN_ScalarOp : NN_DeclOp<"scalar"> {
  let summary = "a number that may change from step to step";
  let description = [{
    `nn.scalar @lr : tensor<f32> = 0.01`, set by `--set lr=0.02`. Role `step` is the step number (1 in the
    first step), role `seed` the run's seed, both tensor<i32>: `nn.scalar @step : tensor<i32> = 0.0 role step`.

    Constraints:
    - the tensor is 0-d
    - the step number and the seed are tensor<i32>
    - a float's value is finite in its type
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<NN_Tensor>:$type, F64Attr:$value,
                       DefaultValuedAttr<NN_ScalarRoleAttr, "::tpc::nn::ScalarRole::user">:$role);
  let assemblyFormat = "$sym_name `:` $type `=` $value (`role` $role^)? attr-dict";
  let hasVerifier = 1;
}

def NN_ParameterOp : NN_DeclOp<"parameter"> {
  let summary = "a trained tensor";
  let description = [{
    `nn.parameter @wte : tensor<50257x768xf32> init #nn.init<normal, 0.0, 0.02> source #nn.source<"wte.weight">`.
    Declaration order is the order of initial draws. From level `sharded` on its type carries its
    sharding, and stays global at level `local` too.

    Constraints:
    - a source slice has the parameter's extent in its dim (before a transposition)
    - only a 2-d source is transposed
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<NN_FloatTensor>:$type,
                       NN_InitAttr:$init, OptionalAttr<NN_SourceAttr>:$source);
  let assemblyFormat = "$sym_name `:` $type `init` $init (`source` $source^)? attr-dict";
  let hasVerifier = 1;
}

def NN_TieOp : NN_DeclOp<"tie"> {
  let summary = "a second name of a parameter";
  let description = [{
    `nn.tie @wte to @lm_head init #nn.init<normal, 0.0, 1.0>`: one storage. The tie's own draw is made in its
    place in the declaration order and dropped, as frameworks do when a weight is replaced.

    What `tpc-verify-model` demands: the target is an `nn.parameter`, not a further tie. Either name
    is read and written with the parameter's type, and what holds of its reads and writes holds of
    both names together.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$target, NN_InitAttr:$init);
  let assemblyFormat = "$sym_name `to` $target `init` $init attr-dict";
}

def NN_StateOp : NN_DeclOp<"state"> {
  let summary = "optimizer state of a parameter, zero at the start";
  let description = [{
    `nn.state @wte.m : tensor<...> of @wte slot "m"`. Made at level `grad`, where an optimizer first needs
    it; trainings of two entries share it.

    What `tpc-verify-model` demands: it is read and written with this type.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<NN_FloatTensor>:$type,
                       FlatSymbolRefAttr:$parameter, StrAttr:$slot);
  let assemblyFormat = "$sym_name `:` $type `of` $parameter `slot` $slot attr-dict";
}

def NN_LayersOp : NN_DeclOp<"layers", [SymbolTable, IsolatedFromAbove, NoTerminator, SingleBlock]> {
  let summary = "a repeated block, written once";
  let description = [{
    ```mlir
    nn.layers @h count 2 {
      nn.parameter @attn.q : tensor<256x256xf32> init #nn.init<uniform, -0.0625, 0.0625>
      nn.block (%x: tensor<1x7x256xf32>) -> tensor<1x7x256xf32> { ... nn.return %y : ... }
    }
    ```
    Layer i owns parameters `h.i.attn.q`, declared here in the order of layers. `nn.apply @h` runs them
    one after the other. Layers are unrolled at level `model`; they stay one class for the solver.

    Constraints:
    - there is at least one layer
    - the body holds parameters and exactly one block
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$count);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `count` $count attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

def NN_BlockOp : NN_Op<"block", [HasParent<"LayersOp">, SingleBlock]> {
  let summary = "the computation of one layer";
  let description = [{
    ```mlir
    nn.block (%x: tensor<1x7x256xf32>) -> tensor<1x7x256xf32> { ... nn.return %y : tensor<1x7x256xf32> }
    ```

    Constraints:
    - it takes one tensor
    - it ends in an nn.return of one value of that tensor's type
  }];
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def NN_ApplyOp : NN_Op<"apply"> {
  let summary = "runs all layers of a declaration, each on the last one's result";
  let description = [{
    `%y = nn.apply @h(%x) : (tensor<1x7x256xf32>) -> tensor<1x7x256xf32>`

    Constraints:
    - result and input have the same type
  }];
  let arguments = (ins FlatSymbolRefAttr:$layers, NN_Tensor:$input);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$layers `(` $input `)` attr-dict `:` functional-type($input, $result)";
  let hasVerifier = 1;
}

def NN_ScopeOp : NN_Op<"scope", [SingleBlock]> {
  let summary = "gives its ops a place in the model";
  let description = [{
    `%y = nn.scope "attn" -> tensor<...> { ... nn.yield %z : ... }`. Flattened at level `model`: the ops get the
    attribute `nn.scope = "h.0.attn"`, from which reports are made.

    Constraints:
    - the path is not empty
    - it ends in an nn.yield of values of its result types
  }];
  let arguments = (ins StrAttr:$path);
  let results = (outs Variadic<NN_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$path (`->` type($results)^)? $body attr-dict";
  let hasVerifier = 1;
}
def NN_YieldOp : NN_Op<"yield", [Terminator, Pure, ParentOneOf<["ScopeOp", "KernelOp"]>]> {
  let summary = "the results of a scope or a kernel";
  let description = [{
    `nn.yield %z : tensor<...>`. The values become the results of the op that it ends, in order. A kernel
    stores them; what it computes and does not yield gets no buffer.
  }];
  let arguments = (ins Variadic<NN_Tensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ /* no values */ }]>];
}

def NN_EntryOp : NN_DeclOp<"entry", [IsolatedFromAbove, SingleBlock]> {
  let summary = "something that can be run";
  let description = [{
    `nn.entry @loss outputs ["loss"] { ... nn.return %loss : tensor<f32> }`. It reads inputs, scalars,
    parameters and state by `nn.read`, and writes parameters and state by `nn.write`.

    Constraints:
    - it takes no arguments
    - it ends in an nn.return of one value per output
    - the names of the outputs are different and not empty
    - no scalar output is called "step", "tokens" or "seconds", which a run's log has beside them
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `outputs` $outputs attr-dict-with-keyword $body";
  let hasVerifier = 1;
}
def NN_ReturnOp : NN_Op<"return", [Terminator, Pure, ParentOneOf<["EntryOp", "BlockOp"]>]> {
  let summary = "the results of an entry or a block";
  let description = [{
    `nn.return %loss : tensor<f32>`. In an entry the values are its outputs, named in order by
    `outputs`; a run finds them whole on every rank. In an `nn.block` the one value is the input of
    the next layer, and behind the last layer the result of `nn.apply`.
  }];
  let arguments = (ins Variadic<NN_Tensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ /* no values */ }]>];
}

def NN_TrainingOp : NN_DeclOp<"training"> {
  let summary = "how an entry is trained";
  let description = [{
    `nn.training @train of @loss optimizer #nn.adam<lr = @lr> clip_norm 1.0 groups [#nn.group<"*.bias", weight_decay = 0.0 : f64>]`.
    Level `grad` makes the entry `@train` of it: forward, backward, clipping, update. The first output
    of the trained entry is the loss, a 0-d tensor.

    Constraints:
    - the optimizer is #nn.sgd or #nn.adam
    - the norm to clip to is positive
    - `groups` holds #nn.group attributes
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, FlatSymbolRefAttr:$entry, AnyAttr:$optimizer,
                       OptionalAttr<F64Attr>:$clip_norm, OptionalAttr<ArrayAttr>:$groups);
  let assemblyFormat = [{
    $sym_name `of` $entry `optimizer` $optimizer (`clip_norm` $clip_norm^)? (`groups` $groups^)? attr-dict
  }];
  let hasVerifier = 1;
}

def NN_ConstraintOp : NN_Op<"constraint"> {
  let summary = "a user's sharding of all parameters, states and inputs whose name matches";
  let description = "`nn.constraint \"h.*.mlp.fc.weight\" \"[{tp}, {}]\"`, as with `--shard`: `*` is any run of "
                    "characters, and each dim has a pair of braces with the axes that split it.";
  let arguments = (ins StrAttr:$pattern, StrAttr:$sharding);
  let assemblyFormat = "$pattern $sharding attr-dict";
}

def NN_ReadOp : NN_Op<"read", [MemoryEffects<[MemRead]>]> {
  let summary = "the present value of an input, scalar, parameter or state";
  let description = [{
    `%w = nn.read @wte : tensor<50257x768xf32>`. The value that the symbol has when the step begins: of an
    input or a scalar what the step is given, of a parameter or a state what was written last, or its
    initial value. A read computes nothing, and any number of reads of a symbol are one value.

    What `tpc-verify-model` demands: the source is an input, a scalar, a parameter, a tie or a state
    of the result's type, and the entry has not written it before. Every input, scalar and parameter
    is read by some entry, or is a training's learning rate.
  }];
  let arguments = (ins FlatSymbolRefAttr:$source);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$source attr-dict `:` type($result)";
}
def NN_WriteOp : NN_Op<"write", [MemoryEffects<[MemWrite]>]> {
  let summary = "the next value of a parameter or state";
  let description = [{
    `nn.write %w2, @wte : tensor<50257x768xf32>`. The next step reads it. Donation: the last use of the read
    value may be overwritten by the written one.

    What `tpc-verify-model` demands: the target is a parameter, a tie or a state of the value's type.
    No read of a symbol follows its write in an entry, and each symbol is written at most once.
  }];
  let arguments = (ins NN_FloatTensor:$value, FlatSymbolRefAttr:$target);
  let assemblyFormat = "$value `,` $target attr-dict `:` type($value)";
}

def NN_KernelOp : NN_Op<"kernel", [IsolatedFromAbove, SingleBlock]> {
  let summary = "ops that become one generated kernel (level `fused`)";
  let description = [{
    `%y = nn.kernel "name" (%a = %x : tensor<..>, %o = %off : index) -> (tensor<..>) { ... nn.yield %r : ... }`.
    The region is what code generation sees: nothing outside it changes the code. Memory planning lets results take the
    place of inputs: `in_place` holds pairs (result, input) of one memory. Which pairs a kernel allows, code
    generation says.

    Constraints:
    - the region's arguments have the types of the inputs
    - it ends in an nn.yield of values of its result types
    - in_place has pairs of a result and an input
    - in_place names no result and no input twice
  }];
  let arguments = (ins StrAttr:$name, Variadic<AnyType>:$inputs, OptionalAttr<DenseI64ArrayAttr>:$in_place);
  let results = (outs Variadic<NN_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

#endif
