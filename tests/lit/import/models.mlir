// The models that a user starts from reach level `model`.
// RUN: tpc-opt %models/mlp.mlir --tpc-bind-dims --tpc-unroll-layers --tpc-flatten-scopes --tpc-verify-model -o /dev/null
// RUN: tpc-opt %models/gpt-2l.mlir --tpc-bind-dims="dims=B=2,T=64" --tpc-unroll-layers --tpc-flatten-scopes --tpc-verify-model -o /dev/null
// RUN: tpc-opt %models/gpt2-124m.mlir --tpc-bind-dims --tpc-unroll-layers --tpc-flatten-scopes --tpc-verify-model | FileCheck %s
// CHECK: nn.parameter @h.11.attn.k.weight {{.*}} source <"h.11.attn.c_attn.weight", slice = 1 [768, 768], transpose>
// CHECK: nn.read @h.11.mlp.fc.weight {nn.scope = "h.11.mlp"}
