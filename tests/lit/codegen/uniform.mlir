// RUN: tpc-opt %s -tpc-fuse -tpc-kernels-to-linalg | FileCheck %s

// What is one number for all is computed once, in float64, and rounded where it meets an element.
module {
  nn.scalar @lr : tensor<f32> = 0.01
  nn.scalar @step : tensor<i32> = 0.0 role step
  nn.parameter @p : tensor<4x8xf32> init #nn.init<zeros>
  nn.input @g : tensor<4x8xf32> dims ["", ""]
  nn.input @m : tensor<4x8xf32> dims ["", ""]
  nn.input @v : tensor<4x8xf32> dims ["", ""]
  nn.entry @e outputs ["p", "m", "v"] {
    %p = nn.read @p : tensor<4x8xf32>
    %g = nn.read @g : tensor<4x8xf32>
    %m = nn.read @m : tensor<4x8xf32>
    %v = nn.read @v : tensor<4x8xf32>
    %lr = nn.read @lr : tensor<f32>
    %step = nn.read @step : tensor<i32>
    %a, %b, %c = nn.adam %p, %g, %m, %v, %lr, %step {beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : f64, weight_decay = 0.0 : f64} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<f32>, tensor<i32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>)
    nn.return %a, %b, %c : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
  }
}

// CHECK: func.func @adam({{.*}}%[[LR:.*]]: tensor<f32>, %[[STEP:.*]]: tensor<i32>)
// CHECK: %[[SIZE:.*]] = linalg.generic {{.*}} iterator_types = []} ins(%[[LR]], %[[STEP]]
// CHECK: math.expm1 %{{.*}} : f64
// CHECK: arith.divf %{{.*}} : f64
// CHECK-NEXT: %[[ROUNDED:.*]] = arith.truncf {{.*}} f64 to f32
// CHECK-NEXT: linalg.yield %[[ROUNDED]]
// CHECK: %[[ROOT:.*]] = linalg.generic {{.*}} iterator_types = []} ins(%[[STEP]]
// CHECK: math.sqrt %{{.*}} : f64
// CHECK: %[[NEXT:.*]]:3 = linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} ins({{.*}}%[[SIZE]],{{.*}}%[[ROOT]] :
// CHECK-NOT: f64
// CHECK: return %[[NEXT]]#0, %[[NEXT]]#1, %[[NEXT]]#2
