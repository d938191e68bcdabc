//===- ValueNumbers.cpp - The numbers by which a plan names values ------------------------===//

#include "compiler/emit/ValueNumbers.h"

using namespace mlir;
using namespace tpc;

ValueNumbers::ValueNumbers(nn::EntryOp entry) {
  llvm::DenseMap<StringAttr, uint32_t> symbols;
  for (Operation &op : entry.getBody().front())
    for (Value result : op.getResults()) {
      uint32_t number = count++;
      if (nn::isView(&op))
        continue;
      if (StringAttr symbol = readSymbol(result))
        number = symbols.try_emplace(symbol, number).first->second;
      numbers[result] = number;
    }
}
