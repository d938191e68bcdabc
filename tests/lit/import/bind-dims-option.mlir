// RUN: not tpc-opt %s --tpc-bind-dims="dims=B" 2>&1 | FileCheck %s --check-prefix=FORM
// RUN: not tpc-opt %s --tpc-bind-dims="dims=B=1,B=2" 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not tpc-opt %s --tpc-bind-dims="dims=B=0" 2>&1 | FileCheck %s --check-prefix=SIZE

// FORM: a dim is bound by NAME=SIZE, not "B"
// TWICE: dim "B" is bound twice
// SIZE: is bound to 0; a dim needs at least 1
nn.dim @B = 1
