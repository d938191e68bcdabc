//===- NNInterfaces.td - What the compiler needs to know of an op ---------*- tablegen -*-===//
//
// Every op implements these. What else in the compiler knows about single ops: docs/architecture.md.
//
//===---------------------------------------------------------------------------------------===//
#ifndef TPC_NN_INTERFACES
#define TPC_NN_INTERFACES

include "mlir/IR/OpBase.td"

class NN_Interface<string name> : OpInterface<name> {
  let cppNamespace = "::tpc::nn";
}

def NN_ShapeOp : NN_Interface<"ShapeOp"> {
  let description = "Result types follow from operands and attributes.";
  let methods = [
    InterfaceMethod<[{
      The result types for the present operand types, without encodings; a failure and an emitted
      error where the operands do not fit.
    }], "::llvm::FailureOr<::llvm::SmallVector<::mlir::RankedTensorType>>", "inferResultTypes">];
}

def NN_CompositeOpInterface : NN_Interface<"CompositeOp"> {
  let description = "Written in models; expanded into primitive ops at level grad.";
  let methods = [
    InterfaceMethod<"Values that replace the results, built by `builder` (before the op).",
      "::llvm::SmallVector<::mlir::Value>", "expand", (ins "::mlir::OpBuilder &":$builder)>,
    InterfaceMethod<"Whether the op is primitive as it stands: an nn.linear without a bias.",
      "bool", "isPrimitive", (ins), [{}], [{ return false; }]>];
}

def NN_GradientOp : NN_Interface<"GradientOp"> {
  let description = "The op can be differentiated.";
  let methods = [
    InterfaceMethod<[{
      Builds the gradients of the operands from those of the results, and hands them to `gradient`.
    }], "void", "buildGradient", (ins "::tpc::nn::GradientBuilder &":$gradient)>];
}

def NN_ShardingRuleOp : NN_Interface<"ShardingRuleOp"> {
  let description = "The op says how it may be split.";
  let methods = [
    InterfaceMethod<[{
      The rule of the op on its global shapes. Operands that are no tensors (an offset) have none.
    }], "::tpc::Rule", "getShardingRule">];
}

def NN_CostOp : NN_Interface<"CostOp"> {
  let description = "The op knows its work.";
  let methods = [
    InterfaceMethod<[{
      Floating-point operations of one execution at the present shapes (a multiply-add is two).
      Bytes are those of operands and results (nn::memoryBytes).
    }], "int64_t", "getFlops">];
}

def NN_BodyOp : NN_Interface<"BodyOp"> {
  let description = "The op is code-generated from a body per element of its domain.";
  let methods = [
    InterfaceMethod<[{
      Writes the results at the current point of the op's domain with a scalar builder.
    }], "void", "buildBody", (ins "::tpc::nn::BodyBuilder &":$body)>,
    InterfaceMethod<[{
      The operand whose shape is the op's domain, for ops that reduce or scatter; -1: result 0.
    }], "int", "getDomainOperand", (ins), [{}], [{ return -1; }]>];
}

def NN_LibraryOp : NN_Interface<"LibraryOp"> {
  let description = "The op is one library step: a GEMM or an attention.";
  let methods = [
    InterfaceMethod<"The step at the present (local) shapes.", "::tpc::nn::LibraryStep",
                    "getLibraryStep">];
}

#endif
