//===- RowSplit.h - A training step, for one device and for two ranks ----------------------===//
//
// loss = sum(gelu(x w^T)), with the contracted dim split over two ranks, and one step of sgd.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

namespace tpc::verify {

inline constexpr const char *kScheduledRowSplit = R"(
module @row_split {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>> dims ["", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.scalar @lr : tensor<f32> = 0.125
  nn.scalar @step : tensor<i32> = 0.0 role step
  nn.parameter @w : tensor<6x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>> init #nn.init<normal, 0.0, 0.5>
  nn.entry @train outputs ["loss"] {
    %x = nn.read @x : tensor<4x4xf32>
    %w = nn.read @w : tensor<6x4xf32>
    %lr = nn.read @lr : tensor<f32>
    %step = nn.read @step : tensor<i32>
    %part = nn.linear %x, %w {nn.scope = "fc"} : (tensor<4x4xf32>, tensor<6x4xf32>) -> tensor<4x6xf32>
    %y = tp.all_reduce sum %part on "tp" why "nn.gelu needs all of it" {nn.scope = "fc"}
        : (tensor<4x6xf32>) -> tensor<4x6xf32>
    %z, %loss = nn.kernel "gelu_sum" (%a = %y : tensor<4x6xf32>) -> (tensor<4x6xf32>, tensor<f32>)
        attributes {nn.scope = "act"} {
      %g = nn.gelu %a : (tensor<4x6xf32>) -> tensor<4x6xf32>
      %s = nn.sum %g dims [0, 1] : (tensor<4x6xf32>) -> tensor<f32>
      nn.yield %g, %s : tensor<4x6xf32>, tensor<f32>
    }
    %dw = nn.linear_weight_grad %z, %x {nn.scope = "fc"} : (tensor<4x6xf32>, tensor<4x4xf32>) -> tensor<6x4xf32>
    %new = nn.kernel "sgd" (%p = %w : tensor<6x4xf32>, %g = %dw : tensor<6x4xf32>, %r = %lr : tensor<f32>,
                            %t = %step : tensor<i32>) -> (tensor<6x4xf32>) attributes {nn.scope = "fc"} {
      %q = nn.sgd %p, %g, %r, %t {momentum = 0.0 : f64, weight_decay = 0.1 : f64}
          : (tensor<6x4xf32>, tensor<6x4xf32>, tensor<f32>, tensor<i32>) -> tensor<6x4xf32>
      nn.yield %q : tensor<6x4xf32>
    }
    nn.write %new, @w : tensor<6x4xf32>
    nn.return %loss : tensor<f32>
  }
}
)";

/// The same in bf16: parameters stay float32, what products take and what travels is bfloat16.
inline constexpr const char *kScheduledRowSplitInBf16 = R"(
module @row_split {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>> dims ["", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.scalar @lr : tensor<f32> = 0.125
  nn.scalar @step : tensor<i32> = 0.0 role step
  nn.parameter @w : tensor<6x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>> init #nn.init<normal, 0.0, 0.5>
  nn.entry @train outputs ["loss"] {
    %x = nn.read @x : tensor<4x4xf32>
    %w = nn.read @w : tensor<6x4xf32>
    %lr = nn.read @lr : tensor<f32>
    %step = nn.read @step : tensor<i32>
    %xh = nn.kernel "round_x" (%a = %x : tensor<4x4xf32>) -> (tensor<4x4xbf16>) attributes {nn.scope = "fc"} {
      %r = nn.cast %a : (tensor<4x4xf32>) -> tensor<4x4xbf16>
      nn.yield %r : tensor<4x4xbf16>
    }
    %wh = nn.kernel "round_w" (%a = %w : tensor<6x4xf32>) -> (tensor<6x4xbf16>) attributes {nn.scope = "fc"} {
      %r = nn.cast %a : (tensor<6x4xf32>) -> tensor<6x4xbf16>
      nn.yield %r : tensor<6x4xbf16>
    }
    %part = nn.linear %xh, %wh {nn.scope = "fc"} : (tensor<4x4xbf16>, tensor<6x4xbf16>) -> tensor<4x6xbf16>
    %y = tp.all_reduce sum %part on "tp" why "nn.gelu needs all of it" {nn.scope = "fc"}
        : (tensor<4x6xbf16>) -> tensor<4x6xbf16>
    %z = nn.kernel "gelu" (%a = %y : tensor<4x6xbf16>) -> (tensor<4x6xbf16>) attributes {nn.scope = "act"} {
      %f = nn.cast %a : (tensor<4x6xbf16>) -> tensor<4x6xf32>
      %g = nn.gelu %f : (tensor<4x6xf32>) -> tensor<4x6xf32>
      %h = nn.cast %g : (tensor<4x6xf32>) -> tensor<4x6xbf16>
      nn.yield %h : tensor<4x6xbf16>
    }
    %loss = nn.kernel "sum" (%a = %z : tensor<4x6xbf16>) -> (tensor<f32>) attributes {nn.scope = "act"} {
      %f = nn.cast %a : (tensor<4x6xbf16>) -> tensor<4x6xf32>
      %s = nn.sum %f dims [0, 1] : (tensor<4x6xf32>) -> tensor<f32>
      nn.yield %s : tensor<f32>
    }
    %dw = nn.linear_weight_grad %z, %xh {nn.scope = "fc"} : (tensor<4x6xbf16>, tensor<4x4xbf16>) -> tensor<6x4xf32>
    %new = nn.kernel "sgd" (%p = %w : tensor<6x4xf32>, %g = %dw : tensor<6x4xf32>, %r = %lr : tensor<f32>,
                            %t = %step : tensor<i32>) -> (tensor<6x4xf32>) attributes {nn.scope = "fc"} {
      %q = nn.sgd %p, %g, %r, %t {momentum = 0.0 : f64, weight_decay = 0.1 : f64}
          : (tensor<6x4xf32>, tensor<6x4xf32>, tensor<f32>, tensor<i32>) -> tensor<6x4xf32>
      nn.yield %q : tensor<6x4xf32>
    }
    nn.write %new, @w : tensor<6x4xf32>
    nn.return %loss : tensor<f32>
  }
}
)";

inline constexpr const char *kGlobalRowSplit = R"(
module @row_split {
  nn.input @x : tensor<4x8xf32> dims ["", ""] draw #nn.init<normal, 0.0, 1.0>
  nn.scalar @lr : tensor<f32> = 0.125
  nn.scalar @step : tensor<i32> = 0.0 role step
  nn.parameter @w : tensor<6x8xf32> init #nn.init<normal, 0.0, 0.5>
  nn.entry @train outputs ["loss"] {
    %x = nn.read @x : tensor<4x8xf32>
    %w = nn.read @w : tensor<6x8xf32>
    %lr = nn.read @lr : tensor<f32>
    %step = nn.read @step : tensor<i32>
    %y = nn.linear %x, %w : (tensor<4x8xf32>, tensor<6x8xf32>) -> tensor<4x6xf32>
    %z = nn.gelu %y : (tensor<4x6xf32>) -> tensor<4x6xf32>
    %loss = nn.sum %z dims [0, 1] : (tensor<4x6xf32>) -> tensor<f32>
    %dw = nn.linear_weight_grad %z, %x : (tensor<4x6xf32>, tensor<4x8xf32>) -> tensor<6x8xf32>
    %new = nn.sgd %w, %dw, %lr, %step {momentum = 0.0 : f64, weight_decay = 0.1 : f64}
        : (tensor<6x8xf32>, tensor<6x8xf32>, tensor<f32>, tensor<i32>) -> tensor<6x8xf32>
    nn.write %new, @w : tensor<6x8xf32>
    nn.return %loss : tensor<f32>
  }
}
)";

} // namespace tpc::verify
