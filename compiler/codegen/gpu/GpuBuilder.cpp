//===- GpuBuilder.cpp - Threads, warps and shared memory of a GPU ----------------------------===//
#include "compiler/codegen/gpu/GpuBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace tpc::codegen {

Value GpuBuilder::threadId() { return NVVM::ThreadIdXOp::create(b, loc, b.getI32Type()); }
Value GpuBuilder::blockId() { return NVVM::BlockIdXOp::create(b, loc, b.getI32Type()); }
Value GpuBuilder::word(int64_t value) {
  return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(static_cast<int32_t>(value)));
}
Value GpuBuilder::toIndex(Value word) {
  return arith::IndexCastUIOp::create(b, loc, b.getIndexType(), word);
}

void GpuBuilder::barrier() { NVVM::BarrierOp::create(b, loc); }

Value GpuBuilder::shuffleXor(Value value, int mask) {
  Type type = value.getType();
  if (type.isF64()) {
    Type pair = VectorType::get(2, b.getI32Type());
    Value halves = LLVM::BitcastOp::create(b, loc, pair, value);
    for (int i = 0; i < 2; ++i) {
      Value half = LLVM::ExtractElementOp::create(b, loc, halves, word(i));
      halves = LLVM::InsertElementOp::create(b, loc, halves, shuffleXor(half, mask), word(i));
    }
    return LLVM::BitcastOp::create(b, loc, type, halves);
  }
  return NVVM::ShflOp::create(b, loc, type, word(-1), value, word(mask), word(kWarp - 1),
                              NVVM::ShflKind::bfly, UnitAttr());
}

Value GpuBuilder::ballot(Value condition) {
  return NVVM::VoteSyncOp::create(b, loc, b.getI32Type(), word(-1), condition,
                                  NVVM::VoteSyncKind::ballot);
}

LLVM::LLVMFuncOp GpuBuilder::openKernel(ModuleOp module, StringRef name, ArrayRef<Type> types,
                                        unsigned threads, unsigned blocksAtATime) {
  b.setInsertionPointToEnd(module.getBody());
  Type none = LLVM::LLVMVoidType::get(b.getContext());
  auto kernel = LLVM::LLVMFuncOp::create(b, loc, name, LLVM::LLVMFunctionType::get(none, types));
  kernel->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), b.getUnitAttr());
  kernel->setAttr(NVVM::NVVMDialect::getMaxntidAttrName(),
                  b.getDenseI32ArrayAttr({static_cast<int32_t>(threads)}));
  if (blocksAtATime)
    kernel->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                    b.getI32IntegerAttr(static_cast<int32_t>(blocksAtATime)));
  b.setInsertionPointToStart(kernel.addEntryBlock(b));
  return kernel;
}

Value GpuBuilder::sharedMemory(ModuleOp module, StringRef function) {
  std::string name = (function + "_shared").str();
  Type bytes = LLVM::LLVMArrayType::get(b.getI8Type(), 0);
  if (!module.lookupSymbol(name)) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    LLVM::GlobalOp::create(b, loc, bytes, /*isConstant=*/false, LLVM::Linkage::External, name,
                           Attribute(), /*alignment=*/16, kSharedSpace);
  }
  Type pointer = LLVM::LLVMPointerType::get(b.getContext(), kSharedSpace);
  return LLVM::AddressOfOp::create(b, loc, pointer, name);
}

} // namespace tpc::codegen
