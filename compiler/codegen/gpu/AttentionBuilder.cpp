//===- AttentionBuilder.cpp - A PTX entry, written op by op -----------------------------------===//
#include "compiler/codegen/gpu/AttentionBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace tpc::codegen::gpu {

//===--- entries ---===//

void AttentionBuilder::beginEntry(StringRef name, ArrayRef<PointerParameter> parameters,
                                  unsigned threads, unsigned residentBlocks) {
  Type pointer = LLVM::LLVMPointerType::get(b.getContext(), kGlobalSpace);
  entry = gpu.openKernel(module, name, SmallVector<Type>(parameters.size(), pointer), threads);
  entry->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                 b.getI32IntegerAttr(static_cast<int32_t>(residentBlocks)));
  for (auto [i, parameter] : llvm::enumerate(parameters)) {
    entry.setArgAttr(i, "llvm.noalias", b.getUnitAttr());
    if (!parameter.isWritten)
      entry.setArgAttr(i, "llvm.readonly", b.getUnitAttr());
  }
}

void AttentionBuilder::endEntry() {
  b.setInsertionPointToEnd(&entry.getBody().front());
  LLVM::ReturnOp::create(b, loc, ValueRange{});
}

Value AttentionBuilder::intrinsic(StringRef name, Type result, ValueRange arguments) {
  return LLVM::CallIntrinsicOp::create(b, loc, result, b.getStringAttr(name), arguments)
      .getResult(0);
}

void AttentionBuilder::intrinsic(StringRef name, ValueRange arguments) {
  LLVM::CallIntrinsicOp::create(b, loc, b.getStringAttr(name), arguments);
}

void AttentionBuilder::warpBarrier() { intrinsic("llvm.nvvm.bar.warp.sync", ValueRange{i32(-1)}); }

//===--- memory ---===//

Value AttentionBuilder::sharedMemory(int64_t byteOffset) {
  Value base = gpu.sharedMemory(module, entry.getName());
  return byteOffset ? at(base, b.getI8Type(), i32(byteOffset)) : base;
}

Value AttentionBuilder::at(Value pointer, Type element, Value index) {
  return LLVM::GEPOp::create(b, loc, pointer.getType(), element, pointer,
                             ArrayRef<LLVM::GEPArg>{index}, LLVM::GEPNoWrapFlags::inbounds);
}

Value AttentionBuilder::load(Type type, Value pointer, int64_t alignment) {
  return LLVM::LoadOp::create(b, loc, type, pointer, static_cast<unsigned>(alignment));
}

void AttentionBuilder::store(Value value, Value pointer, int64_t alignment) {
  LLVM::StoreOp::create(b, loc, value, pointer, static_cast<unsigned>(alignment));
}

void AttentionBuilder::copyAsync(Value from, Value to, int64_t bytes, Value isThere) {
  // Chunks of 16 bytes go past the first-level cache: a block reads them once.
  std::string name = bytes == 16 ? "llvm.nvvm.cp.async.cg.shared.global.16"
                                 : "llvm.nvvm.cp.async.ca.shared.global." + std::to_string(bytes);
  SmallVector<Value> arguments{to, from};
  if (isThere) {
    name += ".s";
    arguments.push_back(select(isThere, i32(bytes), i32(0)));
  }
  intrinsic(name, arguments);
}

//===--- numbers ---===//

Value AttentionBuilder::i32(int64_t value) {
  return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(static_cast<int32_t>(value)));
}

Value AttentionBuilder::i64(int64_t value) {
  return arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(value));
}

Value AttentionBuilder::like(Value x, int64_t value) {
  return x.getType().isInteger(64) ? i64(value) : i32(value);
}

Value AttentionBuilder::real(Type type, double value) {
  return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
}

Value AttentionBuilder::add(Value x, Value y) {
  if (isa<FloatType>(x.getType()))
    return arith::AddFOp::create(b, loc, x, y);
  return arith::AddIOp::create(b, loc, x, y, arith::IntegerOverflowFlags::nsw);
}

Value AttentionBuilder::sub(Value x, Value y) {
  if (isa<FloatType>(x.getType()))
    return arith::SubFOp::create(b, loc, x, y);
  return arith::SubIOp::create(b, loc, x, y, arith::IntegerOverflowFlags::nsw);
}

Value AttentionBuilder::mul(Value x, Value y) {
  if (isa<FloatType>(x.getType()))
    return arith::MulFOp::create(b, loc, x, y);
  return arith::MulIOp::create(b, loc, x, y, arith::IntegerOverflowFlags::nsw);
}

Value AttentionBuilder::div(Value x, int64_t y) {
  return y == 1 ? x : arith::DivUIOp::create(b, loc, x, like(x, y)).getResult();
}

Value AttentionBuilder::rem(Value x, int64_t y) {
  return arith::RemUIOp::create(b, loc, x, like(x, y));
}

Value AttentionBuilder::min(Value x, Value y) { return arith::MinSIOp::create(b, loc, x, y); }

Value AttentionBuilder::max(Value x, Value y) { return arith::MaxSIOp::create(b, loc, x, y); }

Value AttentionBuilder::less(Value x, Value y) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, x, y);
}

Value AttentionBuilder::widen(Value x) { return arith::ExtSIOp::create(b, loc, b.getI64Type(), x); }

Value AttentionBuilder::select(Value condition, Value x, Value y) {
  return arith::SelectOp::create(b, loc, condition, x, y);
}

Value AttentionBuilder::fma(Value x, Value y, Value z) {
  return math::FmaOp::create(b, loc, x, y, z);
}

//===--- control ---===//

SmallVector<Value> AttentionBuilder::loop(Value lower, Value upper, int64_t step,
                                          ValueRange carried, LoopBody body) {
  auto loop = scf::ForOp::create(b, loc, lower, upper, i32(step), carried);
  {
    OpBuilder::InsertionGuard guard(b);
    if (carried.empty()) {
      b.setInsertionPoint(loop.getBody()->getTerminator());
      body(loop.getInductionVar(), {});
    } else {
      b.setInsertionPointToEnd(loop.getBody());
      SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
      scf::YieldOp::create(b, loc, next);
    }
  }
  return SmallVector<Value>(loop.getResults());
}

void AttentionBuilder::when(Value condition, llvm::function_ref<void()> body) {
  auto branch = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(branch.thenBlock()->getTerminator());
  body();
}

} // namespace tpc::codegen::gpu
