//===- Proof.cpp - A local program means what the global one means -------------------------===//
//
// What holds of whole modules; EntryProof walks the entries.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/partition/Proof.h"

#include "compiler/partition/Correspondence.h"
#include "compiler/partition/EntryProof.h"

#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace tpc {

LogicalResult proveLocal(ModuleOp global, ModuleOp local) {
  // The walk takes for granted that ops are well formed: shapes that fit, attributes that fit
  // shapes.
  if (failed(verify(local)))
    return failure();
  tp::MeshOp meshOp = tp::findMesh(local);
  if (!meshOp)
    return local.emitError("not proved: the local module has no tp.mesh");
  Mesh mesh = tp::toMesh(meshOp);
  if (tp::MeshOp other = tp::findMesh(global); other && tp::toMesh(other) != mesh)
    return meshOp.emitError() << "not proved: the mesh is (" << mesh.str()
                              << "), that of the global module (" << tp::toMesh(other).str() << ")";
  FailureOr<DeclaredShardings> declared = readDeclarations(local, mesh);
  if (failed(declared))
    return failure();
  return compareModules(global, local, [&](nn::EntryOp from, nn::EntryOp to) -> LogicalResult {
    EntryProof proof(mesh, *declared, from);
    for (Operation &op : to.getBody().front())
      if (failed(proof.step(&op)))
        return failure();
    return proof.finish(to);
  });
}

} // namespace tpc
