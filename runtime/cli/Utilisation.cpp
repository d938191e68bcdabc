//===- Utilisation.cpp - Which part of a machine a step makes use of -------------------------===//
#include "runtime/cli/Utilisation.h"

#include <cstdio>

using namespace tpc;

std::optional<double> tpc::utilisationOf(const PlanFile &plan, const plan::Entry &entry,
                                         double seconds, double devices) {
  const plan::Hardware *hardware = plan->hardware();
  if (!hardware || hardware->gemm_flops_per_second() <= 0 || entry.model_flops() == 0 ||
      seconds <= 0)
    return std::nullopt;
  return static_cast<double>(entry.model_flops()) / seconds /
         (devices * hardware->gemm_flops_per_second());
}

std::string tpc::utilisationText(const PlanFile &plan, const plan::Entry &entry, double seconds,
                                 double devices) {
  std::optional<double> part = utilisationOf(plan, entry, seconds, devices);
  if (!part)
    return "";
  char percent[32], rate[32];
  std::snprintf(percent, sizeof(percent), "%.1f%%", 100 * *part);
  std::snprintf(rate, sizeof(rate), "%.1f", plan->hardware()->gemm_flops_per_second() * 1e-12);
  return std::string(percent) + " of " + plan->hardware()->name()->str() + "'s " + rate +
         " TFLOP/s";
}
