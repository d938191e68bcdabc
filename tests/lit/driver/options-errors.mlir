// REQUIRES: tpc-compile
// RUN: not tpc-compile compile %models/mlp.mlir --tp 0 2>&1 | FileCheck %s --check-prefix=RANKS
// RUN: not tpc-compile compile %models/mlp.mlir --tp 2 --tp 4 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not tpc-compile compile %models/mlp.mlir --dim B 2>&1 | FileCheck %s --check-prefix=DIM
// RUN: not tpc-compile compile %models/mlp.mlir --dim B=0 2>&1 | FileCheck %s --check-prefix=EXTENT
// RUN: not tpc-compile compile %models/mlp.mlir --stop-after fusion 2>&1 | FileCheck %s --check-prefix=LEVEL
// RUN: not tpc-compile compile %models/mlp.mlir --dim C=4 2>&1 | FileCheck %s --check-prefix=UNKNOWN-DIM
// RUN: not tpc-compile compile %models/mlp.mlir --target cuda --cpu native 2>&1 | FileCheck %s --check-prefix=CUDA
// RUN: not tpc-compile compile %models/mlp.mlir --precision f64 --comm-dtype f32 2>&1 | FileCheck %s --check-prefix=WIRE
// RUN: not tpc-compile compile %models/mlp.mlir --precision bf16 --comm-dtype bf16 2>&1 | FileCheck %s --check-prefix=ONE-RANK
// RUN: not tpc-compile compile %s --recompute full 2>&1 | FileCheck %s --check-prefix=RECOMPUTE
// RUN: not tpc-compile compile %models/mlp.mlir --tp 2 --shard "nope=[{tp}, {}]" 2>&1 | FileCheck %s --check-prefix=SHARD
// RUN: not tpc-compile compile %models/mlp.mlir --stop-after grad -o x.plan 2>&1 | FileCheck %s --check-prefix=OUTPUT
// RUN: not tpc-compile compile %models/mlp.mlir --stop-after plan --memory-limit 1000 2>&1 | FileCheck %s --check-prefix=LIMIT-UNUSED
// RUN: not tpc-compile compile %models/mlp.mlir --memory-limit 1000 2>&1 | FileCheck %s --check-prefix=LIMIT
// RUN: not tpc-compile compile %models/mlp.mlir --cpu i486 2>&1 | FileCheck %s --check-prefix=LEVEL-OF-CPU
// RUN: not tpc-compile compile %models/mlp.mlir --dp 2 --sequence-parallel on 2>&1 | FileCheck %s --check-prefix=SEQUENCE
// RUN: not tpc-compile compile %models/gpt-2l.mlir --tp 8 --sequence-parallel on 2>&1 | FileCheck %s --check-prefix=SHORT-SEQUENCE
// RUN: not tpc-compile compile %models/mlp.mlir --tp 2 --sequence-parallel on 2>&1 | FileCheck %s --check-prefix=NO-SEQUENCE
// RUN: not tpc-compile compile %models/mlp.mlir --tp 2 --stop-after grad 2>&1 | FileCheck %s --check-prefix=TOO-EARLY
// RUN: not tpc-compile compile %models/mlp.mlir --cpu native --stop-after scheduled 2>&1 | FileCheck %s --check-prefix=CPU-TOO-EARLY
// RUN: echo '{}' > %t.json && not tpc-compile compile %models/mlp.mlir --hardware %t.json 2>&1 | FileCheck %s --check-prefix=NO-HARDWARE
// RUN: not tpc-compile compile %models/mlp.mlir --dim B=4611686018427387904 2>&1 | FileCheck %s --check-prefix=TOO-LARGE
// RUN: not tpc-compile compile %models/mlp.mlir --shard "fc1=[{tp}, {}]" 2>&1 | FileCheck %s --check-prefix=SHARD-ONE-RANK
// RUN: sed s/f32/f64/g %models/mlp.mlir > %t.f64.mlir
// RUN: not tpc-compile compile %t.f64.mlir --precision bf16 2>&1 | FileCheck %s --check-prefix=DOUBLE
// RUN: not tpc-compile compile %t.f64.mlir 2>&1 | FileCheck %s --check-prefix=DOUBLE
// RUN: tpc-compile compile %t.f64.mlir --precision f64 -o %t.plan
// RUN: echo '{"collective_latency_seconds": 1e300}' > %t.json && not tpc-compile compile %models/mlp.mlir --hardware %t.json 2>&1 | FileCheck %s --check-prefix=LATENCY
// RUN: echo '{"gemm_flops_per_second": 1e400}' > %t.json && not tpc-compile compile %models/mlp.mlir --hardware %t.json 2>&1 | FileCheck %s --check-prefix=RATE
// RUN: head -c 100000 /dev/zero | tr '\000' '[' > %t.json && not tpc-compile compile %models/mlp.mlir --hardware %t.json 2>&1 | FileCheck %s --check-prefix=NESTED
// RUN: not tpc-compile compile %models/mlp.mlir --dump-to "" 2>&1 | FileCheck %s --check-prefix=NO-FOLDER
// RUN: not tpc-compile compile %models/mlp.mlir -o "" 2>&1 | FileCheck %s --check-prefix=NO-FILE
// RUN: sh -c 'tpc-compile compile %models/mlp.mlir --stop-after model 2>%t.err >/dev/full; test $? -eq 1'
// RUN: FileCheck %s --check-prefix=FULL < %t.err

// RANKS: error: option '--tp': '0' is not a whole number from 1 to 65536
// RANKS-NEXT: hint: --tp N: ranks that share every layer
// TWICE: error: option '--tp' is given twice
// DIM: error: option '--dim': 'B' is not NAME=VALUE
// DIM-NEXT: hint: --dim NAME=SIZE: binds a named dim of the model
// EXTENT: error: --dim B: '0' is no size of a dim
// EXTENT-NEXT: hint: --dim NAME=SIZE, as in --dim B=8
// LEVEL: error: option '--stop-after': 'fusion' is none of model, grad, sharded, local, fused, scheduled, plan
// UNKNOWN-DIM: mlp.mlir:{{[0-9]+:[0-9]+}}: error: there is no dim "C" to bind
// CUDA: error: --cpu has no effect with --target cuda
// CUDA-NEXT: hint: leave it out
// WIRE: error: --comm-dtype has no effect with --precision f64
// ONE-RANK: error: --comm-dtype has no effect on one rank
// RECOMPUTE: options-errors.mlir:{{[0-9]+:[0-9]+}}: error: --recompute full has no effect
// RECOMPUTE-NEXT: hint: leave it out
// SHARD: error: the constraint 'nope=[{tp}, {}]' matches no parameter, state or input
// SHARD-NEXT: hint: {{.+}}tpc inspect
// LIMIT-UNUSED: error: --memory-limit has no effect with --stop-after
// OUTPUT: error: -o has no effect with --stop-after
// LEVEL-OF-CPU: error: option '--cpu': 'i486' is none of x86-64-v3, x86-64-v4, native
// LEVEL-OF-CPU-NEXT: hint: --cpu
// SEQUENCE: error: --sequence-parallel on has no effect with --tp 1
// SHORT-SEQUENCE: gpt-2l.mlir:{{[0-9:]+}} error: --sequence-parallel on has no effect: no value has features along a sequence of at least 8 positions
// SHORT-SEQUENCE-NEXT: hint: leave it out, or bind a longer sequence by --dim
// NO-SEQUENCE: mlp.mlir:{{[0-9:]+}} error: --sequence-parallel on has no effect: no input names a dim that is a sequence
// NO-SEQUENCE-NEXT: hint: leave it out, or name the sequence behind the batch in the dims of the inputs: dims ["B", "T"]
// TOO-EARLY: error: --tp has no effect with --stop-after grad
// TOO-EARLY-NEXT: hint: leave it out: it acts on level sharded and what follows
// CPU-TOO-EARLY: error: --cpu has no effect with --stop-after scheduled
// TOO-LARGE: mlp.mlir:{{[0-9:]+}} error: 'nn.input' op would become 'tensor<4611686018427387904x128xf32>', of more than 2^40 elements
// TOO-LARGE-NEXT: hint: bind smaller dims
// SHARD-ONE-RANK: error: --shard has no effect on one rank
// DOUBLE: f64.mlir:{{[0-9:]+}} error: '{{.*}}' op is declared in f64, so --precision {{bf16|f32}} would change nothing of it
// DOUBLE-NEXT: hint: --precision f64
// LATENCY: json: 'collective_latency_seconds' is not from 1e-12 to 1e+00
// RATE: json: 'gemm_flops_per_second' is not from 1e+03 to 1e+21
// NESTED: error: {{.*}}.json: {{.*}}100
// NO-FOLDER: error: --dump-to names no folder
// NO-HARDWARE: json: says nothing of the hardware
// SEQUENCE-NEXT: hint: leave it out, or ask for more ranks by --tp
// NO-FILE: error: -o names no file
// FULL: error: cannot write to standard output: No space left on device
// LIMIT: error: the plan needs {{[0-9]+}} bytes on a rank, more than the limit of 1000 (recompute none needs {{[0-9]+}}, selective needs {{[0-9]+}}, full needs {{[0-9]+}})

// Its backward pass reads no forward value but the input.
module @linear {
  nn.input @x : tensor<4x8xf32> dims ["", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.scalar @lr : tensor<f32> = 0.01
  nn.parameter @w : tensor<8x8xf32> init #nn.init<normal, 0.0, 0.02>
  nn.entry @loss outputs ["loss"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w = nn.read @w : tensor<8x8xf32>
    %y = nn.linear %x, %w : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
    %loss = nn.sum %y dims [0, 1] : (tensor<4x8xf32>) -> tensor<f32>
    nn.return %loss : tensor<f32>
  }
  nn.training @train of @loss optimizer #nn.sgd<lr = @lr>
}
