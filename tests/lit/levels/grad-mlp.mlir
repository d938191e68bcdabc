// REQUIRES: tpc-compile
// RUN: tpc-compile compile %models/mlp.mlir  --stop-after grad > %t
// RUN: not grep nn.training %t
// RUN: tpc-opt %t --tpc-verify-grad -o %t.again
// RUN: grep -E 'nn\.(phase|entry)' %t | FileCheck %s

// Level grad of mlp: forward, backward and update, op by op.

// CHECK: nn.entry @loss outputs ["loss", "y"] {
// CHECK-NEXT: nn.read {{.*}}nn.phase = "forward"{{.*}}
// CHECK-NEXT: nn.read {{.*}}nn.phase = "forward"{{.*}}
// CHECK-NEXT: nn.linear {{.*}}nn.phase = "forward"{{.*}}
// CHECK-NEXT: nn.relu {{.*}}nn.phase = "forward"{{.*}}
// CHECK-NEXT: nn.read {{.*}}nn.phase = "forward"{{.*}}
// CHECK-NEXT: nn.linear {{.*}}nn.phase = "forward"{{.*}}
// CHECK-NEXT: nn.sum {{.*}}nn.phase = "forward"{{.*}}
// CHECK-NEXT: nn.entry @train outputs ["loss"] {
// CHECK-NEXT: nn.read {{.*}}nn.phase = "forward"{{.*}}
// CHECK-NEXT: nn.read {{.*}}nn.phase = "forward"{{.*}}
// CHECK-NEXT: nn.linear {{.*}}nn.phase = "forward"{{.*}}
// CHECK-NEXT: nn.relu {{.*}}nn.phase = "forward"{{.*}}
// CHECK-NEXT: nn.read {{.*}}nn.phase = "forward"{{.*}}
// CHECK-NEXT: nn.linear {{.*}}nn.phase = "forward"{{.*}}
// CHECK-NEXT: nn.sum {{.*}}nn.phase = "forward"{{.*}}
// CHECK-NEXT: nn.fill {{.*}}nn.phase = "backward"{{.*}}
// CHECK-NEXT: nn.broadcast {{.*}}nn.phase = "backward"{{.*}}
// CHECK-NEXT: nn.linear_input_grad {{.*}}nn.phase = "backward"{{.*}}
// CHECK-NEXT: nn.linear_weight_grad {{.*}}nn.phase = "backward"{{.*}}
// CHECK-NEXT: nn.relu_grad {{.*}}nn.phase = "backward"{{.*}}
// CHECK-NEXT: nn.linear_weight_grad {{.*}}nn.phase = "backward"{{.*}}
// CHECK-NEXT: nn.read {{.*}}nn.phase = "update"{{.*}}
// CHECK-NEXT: nn.read {{.*}}nn.phase = "update"{{.*}}
// CHECK-NEXT: nn.read {{.*}}nn.phase = "update"{{.*}}nn.scope = "fc1"{{.*}}
// CHECK-NEXT: nn.read {{.*}}nn.phase = "update"{{.*}}nn.scope = "fc1"{{.*}}
// CHECK-NEXT: nn.adam {{.*}}nn.phase = "update"{{.*}}nn.scope = "fc1"{{.*}}
// CHECK-NEXT: nn.write {{.*}}nn.phase = "update"{{.*}}nn.scope = "fc1"{{.*}}
// CHECK-NEXT: nn.write {{.*}}nn.phase = "update"{{.*}}nn.scope = "fc1"{{.*}}
// CHECK-NEXT: nn.write {{.*}}nn.phase = "update"{{.*}}nn.scope = "fc1"{{.*}}
// CHECK-NEXT: nn.read {{.*}}nn.phase = "update"{{.*}}nn.scope = "fc2"{{.*}}
// CHECK-NEXT: nn.read {{.*}}nn.phase = "update"{{.*}}nn.scope = "fc2"{{.*}}
// CHECK-NEXT: nn.adam {{.*}}nn.phase = "update"{{.*}}nn.scope = "fc2"{{.*}}
// CHECK-NEXT: nn.write {{.*}}nn.phase = "update"{{.*}}nn.scope = "fc2"{{.*}}
// CHECK-NEXT: nn.write {{.*}}nn.phase = "update"{{.*}}nn.scope = "fc2"{{.*}}
// CHECK-NEXT: nn.write {{.*}}nn.phase = "update"{{.*}}nn.scope = "fc2"{{.*}}
// CHECK-NOT: {{.}}
