// REQUIRES: tpc, tpc-compile
// RUN: rm -rf %t.d && mkdir -p %t.d
// RUN: cp %models/gpt-2l.mlir %t.d/gpt-2l.mlir
// RUN: tpc compile %models/gpt-2l.mlir --tp 2 -o %t.a.plan
// RUN: cd %t.d && tpc compile gpt-2l.mlir --tp 2 -o b.plan
// RUN: cmp %t.a.plan %t.d/b.plan
// RUN: tpc inspect %t.a.plan | FileCheck %s

// Compilation is a pure function: the same bytes in another folder, under another name.

// CHECK: model         gpt_2l
