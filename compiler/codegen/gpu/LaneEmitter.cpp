//===- LaneEmitter.cpp - Values of a body graph in the threads of a GPU --------------------===//
#include "compiler/codegen/gpu/LaneEmitter.h"

#include "compiler/codegen/Tiling.h"

using namespace mlir;

namespace tpc::codegen {

/// Opens the kernel: addresses, then scalars. Addresses lead to memory of their own.
void LaneEmitter::begin() {
  Type pointer = LLVM::LLVMPointerType::get(b.getContext(), kGlobalSpace);
  SmallVector<Type> types(function.operands.size(), pointer);
  types.append(graph.numScalars(), b.getI64Type());
  unsigned blocks = 0;
  if (tiling.threadsAtATime)
    blocks = std::max(1u, tiling.threadsAtATime / function.threads);
  implementation = gpu.openKernel(module, function.name, types, function.threads, blocks);
  for (auto [i, operand] : llvm::enumerate(function.operands)) {
    implementation.setArgAttr(i, "llvm.noalias", b.getUnitAttr());
    implementation.setArgAttr(i, "llvm.align", b.getI64IntegerAttr(kAccessBytes));
    if (!operand.isWritten)
      implementation.setArgAttr(i, "llvm.readonly", b.getUnitAttr());
  }
  thread = gpu.threadId();
  block = gpu.blockId();
  uniformPoint = LLVM::ReturnOp::create(b, loc, ValueRange{});
  b.setInsertionPoint(uniformPoint);
  // What is uniform stands before all that follows.
  uniformPoint = arith::ConstantIndexOp::create(b, loc, 0);
}

void LaneEmitter::setLanes(unsigned lanes) {
  tiling.lanes = lanes;
  forms = LaneForms(graph, lanes);
}

//===--- values ---===//

Point LaneEmitter::pointAt(Value row, Value column, IRMapping &rowValues) {
  Point result;
  result.row = row;
  result.column = column;
  result.rowValues = &rowValues;
  result.lanes.resize(tiling.lanes);
  return result;
}

Value LaneEmitter::at(Point &where, unsigned number, Value value) {
  point = &where;
  lane = number;
  return get(value);
}

Value LaneEmitter::get(Value value) {
  unsigned before = lane;
  if (graph.level(value) == Level::Column && forms.isSame(value))
    lane = 0;
  Value result = ValueEmitter::get(value);
  lane = before;
  return result;
}

IRMapping &LaneEmitter::known(Value, Level level) {
  if (level == Level::Uniform)
    return uniform;
  return level == Level::Row ? *point->rowValues : point->lanes[lane];
}

Value LaneEmitter::emitLeaf(Value value, const Leaf &leaf) {
  switch (leaf.kind) {
  case Leaf::RowIndex:
    return point->row;
  case Leaf::ColumnIndex:
    return lane ? addIndex(point->column, index(lane)) : point->column;
  case Leaf::Scalar:
    return indexOf(implementation.getArgument(function.operands.size() + leaf.number));
  case Leaf::Load: {
    load(value, leaf);
    return known(value, graph.level(value)).lookup(value);
  }
  case Leaf::Reduction:
    break;
  }
  llvm_unreachable("reductions are set when all threads of a row know them");
}

Value LaneEmitter::fromTable(Value value) {
  auto it = tables.find(value);
  if (it == tables.end())
    return {};
  // Tables begin at multiples of an access, and so do a thread's columns.
  unsigned width = std::min<int64_t>(tiling.lanes, kAccessBytes / bytesOf(value.getType()));
  for (unsigned first = 0; first < tiling.lanes; first += width) {
    Value where = first ? addIndex(point->column, index(first)) : point->column;
    SmallVector<Value> values =
        loadLanes(sharedAt(value.getType(), where, it->second), value.getType(), width, false);
    for (unsigned i = 0; i < width; ++i)
      point->lanes[first + i].map(value, values[i]);
  }
  return point->lanes[lane].lookup(value);
}

//===--- accesses ---===//

unsigned LaneEmitter::widthOf(Value index, Type element) {
  LaneForm form = forms.of(index);
  if (form.kind != LaneForm::Adjacent)
    return 1;
  return std::min<int64_t>({form.multiple, tiling.lanes, kAccessBytes / bytesOf(element)});
}

/// `width` adjacent elements. bf16 is loaded as words of two.
LaneEmitter::Lanes LaneEmitter::loadLanes(Value where, Type element, unsigned width,
                                          bool isConstant) {
  bool isPacked = element.isBF16() && width > 1;
  Type unit = isPacked ? Type(b.getI32Type()) : element.isBF16() ? Type(b.getI16Type()) : element;
  unsigned units = isPacked ? width / 2 : width;
  Type type = units == 1 ? unit : Type(VectorType::get(units, unit));
  auto load = LLVM::LoadOp::create(b, loc, type, where, width * bytesOf(element));
  load.setInvariant(isConstant);
  auto unitAt = [&](unsigned i) -> Value {
    if (units == 1)
      return load;
    return LLVM::ExtractElementOp::create(b, loc, load, gpu.word(i));
  };
  auto real = [&](Value image) -> Value {
    return arith::BitcastOp::create(b, loc, b.getF32Type(), image);
  };
  SmallVector<Value> values;
  for (unsigned i = 0; i < units; ++i) {
    Value value = unitAt(i);
    if (isPacked) {
      values.push_back(real(arith::ShLIOp::create(b, loc, value, gpu.word(16))));
      values.push_back(real(arith::AndIOp::create(b, loc, value, gpu.word(0xffff0000))));
    } else if (element.isBF16()) {
      Value wide = arith::ExtUIOp::create(b, loc, b.getI32Type(), value);
      values.push_back(real(arith::ShLIOp::create(b, loc, wide, gpu.word(16))));
    } else {
      values.push_back(value);
    }
  }
  return values;
}

LaneEmitter::Lanes LaneEmitter::loadLanesIf(Value condition, Value where, Type element,
                                            ArrayRef<Value> others) {
  unsigned width = others.size();
  auto branch = scf::IfOp::create(b, loc, TypeRange(ValueRange(others)), condition,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToEnd(&branch.getThenRegion().front());
  scf::YieldOp::create(b, loc, loadLanes(where, element, width, false));
  b.setInsertionPointToEnd(&branch.getElseRegion().front());
  scf::YieldOp::create(b, loc, others);
  return Lanes(branch.getResults());
}

void LaneEmitter::storeLanes(ArrayRef<Value> values, Value where, Type element, unsigned width) {
  auto image = [&](Value value) -> Value {
    return arith::BitcastOp::create(b, loc, b.getI32Type(), value);
  };
  SmallVector<Value> units;
  if (element.isBF16() && width > 1) {
    // The graph has rounded them: only the upper halves count.
    for (unsigned i = 0; i < width; i += 2) {
      Value low = arith::ShRUIOp::create(b, loc, image(values[i]), gpu.word(16));
      Value high = arith::AndIOp::create(b, loc, image(values[i + 1]), gpu.word(0xffff0000));
      units.push_back(arith::OrIOp::create(b, loc, low, high));
    }
  } else if (element.isBF16()) {
    Value half = arith::ShRUIOp::create(b, loc, image(values[0]), gpu.word(16));
    units.push_back(arith::TruncIOp::create(b, loc, b.getI16Type(), half));
  } else {
    units.assign(values.begin(), values.end());
  }
  Value whole = units.front();
  if (units.size() > 1) {
    Type type = VectorType::get(units.size(), whole.getType());
    whole = LLVM::UndefOp::create(b, loc, type);
    for (auto [i, unit] : llvm::enumerate(units))
      whole = LLVM::InsertElementOp::create(b, loc, whole, unit, gpu.word(i));
  }
  LLVM::StoreOp::create(b, loc, whole, where, width * bytesOf(element));
}

/// Loads a tensor's elements of all lanes, if they are adjacent; of the present lane otherwise.
void LaneEmitter::load(Value value, const Leaf &leaf) {
  Type element = graph.tensors()[leaf.number].element;
  Value base = pointer(FunctionOperand::Input, leaf.number);
  bool isConstant = llvm::none_of(function.operands, [&](const FunctionOperand &operand) {
    return operand.kind == FunctionOperand::Input && operand.index == leaf.number &&
           operand.isWritten;
  });
  Level level = graph.level(value);
  unsigned width = level == Level::Column ? widthOf(leaf.operand, element) : 1;
  unsigned first = lane - lane % width, before = lane;
  lane = first;
  Value where = address(base, element, get(leaf.operand));
  lane = before;
  // A thread that is behind the end reads a neighbour's element, but not one that is overwritten.
  bool isGuarded = !isConstant && level == Level::Column && point->exists;
  Type type = element.isBF16() ? Type(b.getF32Type()) : element;
  Lanes values = isGuarded ? loadLanesIf(point->exists, where, element, Lanes(width, zero(type)))
                           : loadLanes(where, element, width, isConstant);
  if (level != Level::Column)
    return known(value, level).map(value, values[0]);
  for (unsigned i = 0; i < width; ++i)
    point->lanes[first + i].map(value, values[i]);
}

//===--- stores ---===//

Value LaneEmitter::both(Value x, Value y) {
  return !x ? y : !y ? x : arith::AndIOp::create(b, loc, x, y).getResult();
}

void LaneEmitter::carriedLoop(Value lower, Value upper, int64_t step, ArrayRef<Value *> slots,
                              llvm::function_ref<void(Value)> body) {
  SmallVector<Value> values;
  for (Value *slot : slots)
    values.push_back(*slot);
  auto loop = scf::ForOp::create(b, loc, lower, upper, index(step), values);
  for (auto [slot, argument] : llvm::zip_equal(slots, loop.getRegionIterArgs()))
    *slot = argument;
  if (slots.empty())
    b.setInsertionPoint(loop.getBody()->getTerminator());
  else
    b.setInsertionPointToEnd(loop.getBody());
  body(loop.getInductionVar());
  if (!slots.empty()) {
    values.clear();
    for (Value *slot : slots)
      values.push_back(*slot);
    scf::YieldOp::create(b, loc, values);
  }
  b.setInsertionPointAfter(loop);
  for (auto [slot, result] : llvm::zip_equal(slots, loop.getResults()))
    *slot = result;
}

Value LaneEmitter::countedIf(Value condition, Value value) {
  if (!condition)
    return value;
  return arith::SelectOp::create(b, loc, condition, value, zero(value.getType()));
}

void LaneEmitter::guarded(Value condition, llvm::function_ref<void()> body) {
  if (!condition)
    return body();
  auto branch = scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
  b.setInsertionPoint(branch.thenYield());
  body();
  b.setInsertionPointAfter(branch);
}

SmallVector<Value> LaneEmitter::loadsOf(ArrayRef<Value> values) const {
  SmallVector<Value> needed(values), loads;
  llvm::SmallPtrSet<Value, 16> seen;
  while (!needed.empty()) {
    Value value = needed.pop_back_val();
    if (graph.level(value) == Level::Uniform || !seen.insert(value).second)
      continue;
    const Leaf *leaf = graph.leaf(value);
    if (leaf && leaf->kind == Leaf::Load)
      loads.push_back(value);
    else if (Operation *op = value.getDefiningOp(); op && !leaf)
      needed.append(op->operand_begin(), op->operand_end());
  }
  return loads;
}

void LaneEmitter::loadAhead(Point &where, ArrayRef<Value> values) {
  for (Value value : loadsOf(values))
    for (unsigned i = 0; i < (graph.level(value) == Level::Column ? tiling.lanes : 1); ++i)
      at(where, i, value);
}

void LaneEmitter::computeStores(Point &where) {
  for (const Store &store : graph.stores())
    if (store.kind == Store::Element && store.level == Level::Column)
      for (unsigned i = 0; i < tiling.lanes; ++i) {
        at(where, i, store.value);
        at(where, i, store.index);
      }
}

void LaneEmitter::storeElements(Point &where) {
  for (const Store &store : graph.stores()) {
    if (store.kind != Store::Element || store.level != Level::Column)
      continue;
    Type element = resultType(store.result);
    unsigned width = widthOf(store.index, element);
    for (unsigned first = 0; first < tiling.lanes; first += width) {
      SmallVector<Value> values;
      for (unsigned i = 0; i < width; ++i)
        values.push_back(at(where, first + i, store.value));
      Value target = address(resultPointer(store.result), element, at(where, first, store.index));
      storeLanes(values, target, element, width);
    }
  }
}

void LaneEmitter::storeRowValues(Point &where, Value condition) {
  SmallVector<const Store *> stores;
  for (const Store &store : graph.stores())
    if (store.kind == Store::Element && store.level != Level::Column)
      stores.push_back(&store);
  if (stores.empty())
    return;
  for (const Store *store : stores) {
    at(where, 0, store->value);
    at(where, 0, store->index);
  }
  guarded(condition, [&] {
    for (const Store *store : stores)
      storeElement(at(where, 0, store->value), resultPointer(store->result),
                   resultType(store->result), at(where, 0, store->index));
  });
}

//===--- joining ---===//

Value LaneEmitter::joinHalves(ReduceKind kind, ArrayRef<Value> lanes) {
  if (lanes.size() == 1)
    return lanes.front();
  Lanes joined;
  for (auto [x, y] :
       llvm::zip_equal(lanes.take_front(lanes.size() / 2), lanes.drop_front(lanes.size() / 2)))
    joined.push_back(reduce(kind, x, y));
  return joinHalves(kind, joined);
}

Value LaneEmitter::joinThreads(ReduceKind kind, Value value, unsigned threads) {
  for (unsigned mask = 1; mask < threads; mask *= 2)
    value = reduce(kind, value, gpu.shuffleXor(value, static_cast<int>(mask)));
  return value;
}

Value LaneEmitter::sharedAt(Type element, Value index, int64_t byteOffset) {
  return address(gpu.sharedMemory(module, function.name), element, index, byteOffset);
}

Value LaneEmitter::sumOfBlock(Value value) {
  value = joinThreads(ReduceKind::Sum, value, kWarp);
  unsigned warps = function.threads / kWarp;
  if (warps == 1)
    return value;
  Type type = value.getType();
  gpu.barrier(); // what was in this memory before has been read
  Value warp = gpu.toIndex(arith::ShRUIOp::create(b, loc, thread, gpu.word(5)));
  Value isFirst = compare(arith::CmpIPredicate::eq,
                          arith::AndIOp::create(b, loc, thread, gpu.word(kWarp - 1)), gpu.word(0));
  guarded(isFirst, [&] { LLVM::StoreOp::create(b, loc, value, sharedAt(type, warp)); });
  gpu.barrier();
  SmallVector<Value> parts;
  for (unsigned i = 0; i < warps; ++i)
    parts.push_back(LLVM::LoadOp::create(b, loc, type, sharedAt(type, index(i))));
  return joinHalves(ReduceKind::Sum, parts);
}

void LaneEmitter::storeTotal(Value sum, const Store &store) {
  Type type = resultType(store.result);
  storeElement(rounded(sum, type), resultPointer(store.result), type, index(0));
}

void LaneEmitter::storeTotals(ArrayRef<Lanes> totals) {
  unsigned next = 0;
  Value isFirst = compare(arith::CmpIPredicate::eq, thread, gpu.word(0));
  for (auto [i, store] : llvm::enumerate(graph.stores())) {
    if (store.kind != Store::SumAll)
      continue;
    Value sum = rounded(joinHalves(ReduceKind::Sum, totals[next++]), b.getF64Type());
    sum = sumOfBlock(sum);
    guarded(isFirst, [&, i = i, &store = store] {
      if (tiling.hasPartialTotals())
        storeElement(sum, pointer(FunctionOperand::Workspace, 0), b.getF64Type(),
                     gpu.toIndex(block), tiling.sumOffset[i]);
      else
        storeTotal(sum, store);
    });
  }
}

} // namespace tpc::codegen
