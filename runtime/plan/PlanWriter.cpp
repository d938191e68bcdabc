//===- PlanWriter.cpp - From a plan in memory to a sealed file -------------------------------===//

#include "runtime/plan/PlanWriter.h"

#include "runtime/plan/ContentHash.h"

#include <cstring>

using namespace tpc;

const uint8_t *tpc::contentHashField(const plan::Plan &plan) {
  // A generated table hides its base class, which alone knows addresses.
  return reinterpret_cast<const flatbuffers::Table &>(plan).GetAddressOf(
      plan::Plan::VT_CONTENT_HASH);
}

std::vector<uint8_t> tpc::sealPlan(plan::PlanT &plan) {
  plan.format_version = kPlanFormatVersion;
  // A field that holds its default is left out of the file; any other number makes room for it.
  plan.content_hash = 1;
  flatbuffers::FlatBufferBuilder builder(1 << 20);
  builder.Finish(plan::Plan::Pack(builder, &plan), plan::PlanIdentifier());
  std::vector<uint8_t> bytes(builder.GetBufferPointer(),
                             builder.GetBufferPointer() + builder.GetSize());

  uint8_t *field = const_cast<uint8_t *>(contentHashField(*plan::GetPlan(bytes.data())));
  plan.content_hash = contentHash(bytes, field - bytes.data());
  std::memcpy(field, &plan.content_hash, sizeof(plan.content_hash));
  return bytes;
}
