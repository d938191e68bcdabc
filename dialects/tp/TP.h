//===- TP.h - The tp dialect: shardings and collectives -----------------------------------===//
#pragma once

#include "algebra/Sharding.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/tp/TPDialect.h.inc"
#include "dialects/tp/TPEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/tp/TPAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/tp/TPOps.h.inc"

namespace tpc::tp {

/// On the `nn.cast`s to the type on the wire and back (level `local`).
inline constexpr llvm::StringLiteral kWireAttr = "tp.wire";
/// On the `nn.split_dim`s and `nn.merge_dims` around a collective along a factor in the middle of a
/// dim (level `local`).
inline constexpr llvm::StringLiteral kViewAttr = "tp.view";

/// Moves values between ranks.
bool isCollective(mlir::Operation *op);

/// The mesh of a module; its single `tp.mesh`, named @mesh. None at levels before `sharded`.
MeshOp findMesh(mlir::ModuleOp module);
Mesh toMesh(MeshOp mesh);
/// Creates the `tp.mesh @mesh` at the start of the module.
MeshOp createMesh(mlir::ModuleOp module, const Mesh &mesh);

/// The algebra's form of a tensor type's sharding; replicated if it has none.
Sharding toSharding(mlir::RankedTensorType type, const Mesh &mesh);
/// `type` (its shape global) with a sharding.
mlir::RankedTensorType withSharding(mlir::RankedTensorType type, const Sharding &sharding,
                                    const Mesh &mesh);
/// The local type of a sharded one: local shape, no encoding.
mlir::RankedTensorType localType(mlir::RankedTensorType type, const Mesh &mesh);
mlir::RankedTensorType withoutSharding(mlir::RankedTensorType type);

} // namespace tpc::tp
