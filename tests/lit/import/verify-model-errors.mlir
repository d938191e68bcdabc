// RUN: tpc-opt %s --split-input-file --verify-diagnostics --tpc-verify-model

// No layers are left.
// expected-error @+1 {{is left at level model; unroll layers and flatten scopes first}}
nn.layers @h count 2 {
  nn.block (%x: tensor<8xf32>) -> tensor<8xf32> {
    nn.return %x : tensor<8xf32>
  }
}

// -----

// No scopes are left.
nn.entry @e outputs [] {
  // expected-error @+1 {{is left at level model; unroll layers and flatten scopes first}}
  nn.scope "a" {
    nn.yield
  }
  nn.return
}

// -----

// There is at least one entry.
// expected-error @+1 {{the model has no nn.entry, so there is nothing to run}}
module {
}

// -----

// A tie's target is a parameter.
nn.dim @B = 1
// expected-error @+1 {{ties to @B, which is no nn.parameter}}
nn.tie @t to @B init #nn.init<zeros>
nn.entry @e outputs [] {
  nn.return
}

// -----

// A read names an input, scalar, parameter, tie or state.
nn.dim @B = 1
nn.entry @e outputs [] {
  // expected-error @+1 {{reads @B, which is no input, scalar, parameter, tie or state}}
  %0 = nn.read @B : tensor<8xf32>
  // expected-error @+1 {{reads @nothing, which is no input, scalar, parameter, tie or state}}
  %1 = nn.read @nothing : tensor<8xf32>
  nn.return
}

// -----

// A read has its declaration's type.
// expected-note @+1 {{it is declared here}}
nn.input @x : tensor<8xf32> dims [""]
nn.entry @e outputs [] {
  // expected-error @+1 {{gives 'tensor<4xf32>', but @x is 'tensor<8xf32>'}}
  %0 = nn.read @x : tensor<4xf32>
  nn.return
}

// -----

// A write names a parameter or state, and has its type.
nn.input @x : tensor<8xf32> dims [""]
nn.parameter @p : tensor<4xf32> init #nn.init<zeros>
nn.entry @e outputs [] {
  %x = nn.read @x : tensor<8xf32>
  %p = nn.read @p : tensor<4xf32>
  // expected-error @+1 {{writes @x, which is no parameter or state}}
  nn.write %x, @x : tensor<8xf32>
  // expected-error @+1 {{writes 'tensor<8xf32>' to @p, which is 'tensor<4xf32>'}}
  nn.write %x, @p : tensor<8xf32>
  nn.return
}

// -----

// Each symbol is written at most once, and not read afterwards, under whatever name.
nn.parameter @p : tensor<4xf32> init #nn.init<zeros>
nn.tie @q to @p init #nn.init<zeros>
nn.entry @e outputs [] {
  %p = nn.read @p : tensor<4xf32>
  // expected-note @+1 {{it is written here}}
  nn.write %p, @p : tensor<4xf32>
  // expected-error @+1 {{writes @q a second time}}
  nn.write %p, @q : tensor<4xf32>
  // expected-error @+1 {{reads @q after its write}}
  %q = nn.read @q : tensor<4xf32>
  nn.return
}

// -----

// Every input, scalar and parameter is read by some entry.
nn.parameter @used : tensor<4xf32> init #nn.init<zeros>
nn.tie @name to @used init #nn.init<zeros>
// expected-error @+1 {{"unused" is read by no entry; use it or remove it}}
nn.parameter @unused : tensor<4xf32> init #nn.init<zeros>
// expected-error @+1 {{"x" is read by no entry; use it or remove it}}
nn.input @x : tensor<4xf32> dims [""]
// expected-error @+1 {{"scale" is read by no entry; use it or remove it}}
nn.scalar @scale : tensor<f32> = 1.0
nn.entry @e outputs [] {
  %0 = nn.read @name : tensor<4xf32>
  nn.return
}

// -----

// A training names an entry, a learning rate, and groups that match.
nn.scalar @step : tensor<i32> = 0.0 role step
nn.parameter @p.bias : tensor<4xf32> init #nn.init<zeros>
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @p.bias : tensor<4xf32>
  nn.return %0 : tensor<4xf32>
}
// expected-error @below {{trains @other, which is no nn.entry}}
// expected-error @below {{has the learning rate @lr, which is no float nn.scalar that a user sets}}
nn.training @train of @other optimizer #nn.sgd<lr = @lr>
// expected-error @below {{trains @loss, whose first output is no loss: it must be a 0-d float tensor}}
// expected-error @below {{has the learning rate @step, which is no float nn.scalar that a user sets}}
// expected-error @below {{has a group "*.gain" that matches no parameter}}
nn.training @train2 of @loss optimizer #nn.adam<lr = @step> groups [#nn.group<"*.bias", weight_decay = 0.0 : f64>, #nn.group<"*.gain", weight_decay = 0.0 : f64>]
// expected-error @below {{trains @other, which is no nn.entry}}
// expected-error @below {{has the learning rate @lr, which is no float nn.scalar that a user sets}}
// expected-error @below {{has a group "p.bias" that matches no parameter that earlier groups leave; hint: put it before "*.bias"}}
nn.training @train3 of @other optimizer #nn.sgd<lr = @lr> groups [#nn.group<"*.bias", weight_decay = 0.0 : f64>, #nn.group<"p.bias", weight_decay = 0.1 : f64>]

// -----

// An integer that a user would set is none.
// expected-error @+1 {{has no role, so it must be a float, not 'tensor<i32>'}}
nn.scalar @k : tensor<i32> = 3.0
nn.entry @e outputs [] {
  nn.return
}

// -----

// An optimizer's settings are what PyTorch takes.
nn.scalar @lr : tensor<f32> = 0.1
nn.parameter @w : tensor<f32> init #nn.init<zeros>
nn.entry @loss outputs ["loss"] {
  %0 = nn.read @w : tensor<f32>
  nn.return %0 : tensor<f32>
}
// expected-error @+1 {{has the momentum -9.000000e-01, which is no number of at least 0}}
nn.training @a of @loss optimizer #nn.sgd<lr = @lr, momentum = -0.9 : f64>
// expected-error @+1 {{has the beta2 1.000000e+00, which is not below 1.000000e+00}}
nn.training @b of @loss optimizer #nn.adam<lr = @lr, beta2 = 1.0 : f64>
// expected-error @+1 {{has the weight_decay -1.000000e-01, which is no number of at least 0}}
nn.training @c of @loss optimizer #nn.sgd<lr = @lr> groups [#nn.group<"*", weight_decay = -0.1 : f64>]

// -----

// Two dropouts of one stream would drop the same elements.
nn.scalar @seed : tensor<i32> = 0.0 role seed
nn.input @x : tensor<4xf32> dims [""]
nn.entry @e outputs ["y"] {
  %x = nn.read @x : tensor<4xf32>
  %s = nn.read @seed : tensor<i32>
  // expected-note @+1 {{the other one is here}}
  %y = nn.dropout %x, %s, %s {p = 0.5 : f64, stream = "drop"} : (tensor<4xf32>, tensor<i32>, tensor<i32>) -> tensor<4xf32>
  // expected-error @+1 {{has the stream "drop" of another dropout, so that both would drop the same elements; hint: give it a stream of its own}}
  %z = nn.dropout %y, %s, %s {p = 0.5 : f64, stream = "drop"} : (tensor<4xf32>, tensor<i32>, tensor<i32>) -> tensor<4xf32>
  nn.return %z : tensor<4xf32>
}
