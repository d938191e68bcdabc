// The published models compute what their programs say, on one rank and on several.
// REQUIRES: tpc, tpc-compile

// RUN: tpc compile %models/mlp.mlir -o %t.1.plan
// RUN: tpc verify %t.1.plan --steps 2 | FileCheck %s --check-prefix=ONE
// ONE: mlp: entry train, 1 rank(s)
// ONE: ok: {{[0-9]+}} ops agree with float64 on every rank
// ONE: ok: one device and 1 virtual rank(s) agree in float64 within 0

// RUN: tpc compile %models/mlp.mlir --tp 4 -o %t.4.plan
// RUN: tpc verify %t.4.plan --steps 2 --init torch | FileCheck %s --check-prefix=FOUR
// FOUR: mlp: entry train, 4 rank(s)
// FOUR: tp.all_reduce
// FOUR: ok: {{[0-9]+}} ops agree with float64 on every rank
// FOUR: ok: one device and 4 virtual rank(s) agree in float64 within {{0 |[0-9.]+e-1[0-9] }}

// The vocabulary of 50257 is padded on three ranks.
// RUN: tpc compile %models/gpt-2l.mlir --tp 3 -o %t.gpt.plan
// RUN: tpc verify %t.gpt.plan --threads-per-rank 1 | FileCheck %s --check-prefix=GPT
// GPT: nn.flash_attention_grad
// GPT-NOT: no finite bound
// GPT: ok: {{[0-9]+}} ops agree with float64 on every rank
// GPT: not checked: the whole program in float64 (large; --whole-program on checks it)

// RUN: not tpc verify %t.gpt.plan --entry predict 2>&1 | FileCheck %s --check-prefix=ENTRY
// ENTRY: the plan has no entry 'predict'

// In float64 the bounds are as narrow as the reference is right: 1 - beta2^step is not, by subtraction.
// RUN: sed 's/#nn.adam<.*>/#nn.adam<lr = @lr, eps = 1.0e-4 : f64>/' %models/mlp.mlir > %t.adam.mlir
// RUN: tpc compile %t.adam.mlir --precision f64 -o %t.adam.plan
// RUN: tpc verify %t.adam.plan --steps 4 | FileCheck %s --check-prefix=ADAM
// ADAM: ok: {{[0-9]+}} ops agree with float64 on every rank

// Steps on NaNs agree in theirs, too, and the last line says so.
// RUN: sed 's/nn.input @x : tensor<8x128xf32> .*/nn.input @x : tensor<8x128xf32> dims ["B", ""] default dense<0x7FC00000> : tensor<8x128xf32>/' %models/mlp.mlir > %t.nan.mlir
// RUN: tpc compile %t.nan.mlir -o %t.nan.plan
// RUN: tpc verify %t.nan.plan | FileCheck %s --check-prefix=NAN
// NAN: ok: {{[0-9]+}} ops agree with float64 on every rank; but {{[0-9]+}} elements are NaN in both, of which that says little
