// RUN: tpc-opt %s -allow-unregistered-dialect -split-input-file -verify-diagnostics

%logits, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xi32>)
// expected-error @+1 {{needs 0 <= label_smoothing < 1, but label_smoothing is 1}}
nn.cross_entropy %logits, %labels {label_smoothing = 1.0} : (tensor<4x16xf32>, tensor<4xi32>) -> tensor<f32>

// -----

%logits, %labels = "test.values"() : () -> (tensor<16xf32>, tensor<i32>)
// expected-error @+1 {{needs logits [..., classes] of two dims or more, but has 'tensor<16xf32>'}}
nn.cross_entropy %logits, %labels : (tensor<16xf32>, tensor<i32>) -> tensor<f32>

// -----

%logits, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<16xi32>)
// expected-error @+1 {{needs labels of type 'tensor<4xi32>', but has 'tensor<16xi32>'}}
nn.cross_entropy %logits, %labels : (tensor<4x16xf32>, tensor<16xi32>) -> tensor<f32>

// -----

%logits, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xi32>)
// expected-error @+1 {{has 'tensor<4xf32>' as result #0, but its operands and attributes give 'tensor<f32>'}}
nn.cross_entropy %logits, %labels : (tensor<4x16xf32>, tensor<4xi32>) -> tensor<4xf32>

// -----

%logits = "test.value"() : () -> tensor<4x16xf32>
// expected-error @+1 {{needs one class at least, but classes is 0}}
nn.ce_row_max %logits {classes = 0} : (tensor<4x16xf32>) -> tensor<4xf32>

// -----

%logits = "test.value"() : () -> tensor<16xf32>
// expected-error @+1 {{needs logits [..., classes] of two dims or more}}
nn.ce_row_max %logits {classes = 16} : (tensor<16xf32>) -> tensor<f32>

// -----

%logits, %o = "test.values"() : () -> (tensor<4x16xf32>, index)
// expected-error @+1 {{has 2 offsets, but takes 1}}
nn.ce_row_max %logits at %o, %o {classes = 16} : (tensor<4x16xf32>, index, index) -> tensor<4xf32>

// -----

%logits = "test.value"() : () -> tensor<4x16xbf16>
// expected-error @+1 {{has 'tensor<4xbf16>' as result #0, but its operands and attributes give 'tensor<4xf32>'}}
nn.ce_row_max %logits {classes = 16} : (tensor<4x16xbf16>) -> tensor<4xbf16>

// -----

%logits, %row, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{needs one class at least, but classes is -1}}
%s:2 = nn.ce_row_sums %logits, %row, %labels {classes = -1} : (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>)

// -----

%logits, %row, %labels = "test.values"() : () -> (tensor<16xf32>, tensor<f32>, tensor<i32>)
// expected-error @+1 {{needs logits [..., classes] of two dims or more}}
%s:2 = nn.ce_row_sums %logits, %row, %labels {classes = 16} : (tensor<16xf32>, tensor<f32>, tensor<i32>) -> (tensor<f32>, tensor<f32>)

// -----

%logits, %row, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<16xf32>, tensor<4xi32>)
// expected-error @+1 {{needs values by row of type 'tensor<4xf32>', but has 'tensor<16xf32>'}}
%s:2 = nn.ce_row_sums %logits, %row, %labels {classes = 16} : (tensor<4x16xf32>, tensor<16xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>)

// -----

%logits, %row, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<16xi32>)
// expected-error @+1 {{needs labels of type 'tensor<4xi32>'}}
%s:2 = nn.ce_row_sums %logits, %row, %labels {classes = 16} : (tensor<4x16xf32>, tensor<4xf32>, tensor<16xi32>) -> (tensor<4xf32>, tensor<4xf32>)

// -----

%logits, %row, %labels, %o = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, index)
// expected-error @+1 {{has 2 offsets, but takes 1}}
%s:2 = nn.ce_row_sums %logits, %row, %labels at %o, %o {classes = 16} : (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, index, index) -> (tensor<4xf32>, tensor<4xf32>)

// -----

%logits, %row, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{has 2 results, but its operands and attributes give 3}}
%s:2 = nn.ce_row_sums %logits, %row, %labels {classes = 16, smoothing} : (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>)

// -----

%logits, %row, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{needs one class at least}}
nn.ce_row_sums_grad %logits, %row, %labels, %row, %row {classes = 0} : (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4x16xf32>

// -----

%logits, %row, %labels = "test.values"() : () -> (tensor<16xf32>, tensor<f32>, tensor<i32>)
// expected-error @+1 {{needs logits [..., classes] of two dims or more}}
nn.ce_row_sums_grad %logits, %row, %labels, %row, %row {classes = 16} : (tensor<16xf32>, tensor<f32>, tensor<i32>, tensor<f32>, tensor<f32>) -> tensor<16xf32>

// -----

%logits, %row, %labels, %bad = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, tensor<4xf64>)
// expected-error @+1 {{needs values by row of type 'tensor<4xf32>', but has 'tensor<4xf64>'}}
nn.ce_row_sums_grad %logits, %row, %labels, %row, %bad {classes = 16} : (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, tensor<4xf32>, tensor<4xf64>) -> tensor<4x16xf32>

// -----

%logits, %row, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<5xi32>)
// expected-error @+1 {{needs labels of type 'tensor<4xi32>'}}
nn.ce_row_sums_grad %logits, %row, %labels, %row, %row {classes = 16} : (tensor<4x16xf32>, tensor<4xf32>, tensor<5xi32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4x16xf32>

// -----

%logits, %row, %labels, %o = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, index)
// expected-error @+1 {{has 2 offsets, but takes 1}}
nn.ce_row_sums_grad %logits, %row, %labels, %row, %row at %o, %o {classes = 16} : (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, tensor<4xf32>, tensor<4xf32>, index, index) -> tensor<4x16xf32>

// -----

%logits, %row, %labels = "test.values"() : () -> (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{has 'tensor<4xf32>' as result #0}}
nn.ce_row_sums_grad %logits, %row, %labels, %row, %row {classes = 16} : (tensor<4x16xf32>, tensor<4xf32>, tensor<4xi32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>

// -----

%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{needs one class at least}}
nn.ce_row_loss %row, %row, %row labels %labels {classes = 0, ignore_index = -100, label_smoothing = 0.0} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>

// -----

%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{needs 0 <= label_smoothing < 1, but label_smoothing is -1}}
nn.ce_row_loss %row, %row, %row labels %labels {classes = 16, ignore_index = -100, label_smoothing = -1.0} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>

// -----

%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{needs the sum of logits just where label_smoothing is not 0; it lacks it, and label_smoothing is 5.000000e-01}}
nn.ce_row_loss %row, %row, %row labels %labels {classes = 16, ignore_index = -100, label_smoothing = 0.5} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>

// -----

%row, %labels, %bad = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>, tensor<5xf32>)
// expected-error @+1 {{needs values by row of type 'tensor<4xf32>', but has 'tensor<5xf32>'}}
nn.ce_row_loss %bad, %row, %row labels %labels {classes = 16, ignore_index = -100, label_smoothing = 0.0} : (tensor<5xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> tensor<4xf32>

// -----

%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<2x2xi32>)
// expected-error @+1 {{needs labels of type 'tensor<4xi32>', but has 'tensor<2x2xi32>'}}
nn.ce_row_loss %row, %row, %row labels %labels {classes = 16, ignore_index = -100, label_smoothing = 0.0} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2x2xi32>) -> tensor<4xf32>

// -----

%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{has 'tensor<f32>' as result #0}}
nn.ce_row_loss %row, %row, %row labels %labels {classes = 16, ignore_index = -100, label_smoothing = 0.0} : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> tensor<f32>

// -----

%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{needs one class at least}}
%g:2 = nn.ce_row_loss_grad %row, %row, %labels {classes = 0, ignore_index = -100, label_smoothing = 0.0} : (tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>)

// -----

%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{needs 0 <= label_smoothing < 1}}
%g:2 = nn.ce_row_loss_grad %row, %row, %labels {classes = 16, ignore_index = -100, label_smoothing = 2.0} : (tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>)

// -----

%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{needs the sum of logits just where label_smoothing is not 0; it has it, and label_smoothing is 0}}
%g:3 = nn.ce_row_loss_grad %row, %row, %labels {classes = 16, ignore_index = -100, label_smoothing = 0.0} : (tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)

// -----

%row, %labels, %bad = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>, tensor<f32>)
// expected-error @+1 {{needs values by row of type 'tensor<4xf32>', but has 'tensor<f32>'}}
%g:2 = nn.ce_row_loss_grad %bad, %row, %labels {classes = 16, ignore_index = -100, label_smoothing = 0.0} : (tensor<f32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<4xf32>)

// -----

%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<5xi32>)
// expected-error @+1 {{needs labels of type 'tensor<4xi32>'}}
%g:2 = nn.ce_row_loss_grad %row, %row, %labels {classes = 16, ignore_index = -100, label_smoothing = 0.0} : (tensor<4xf32>, tensor<4xf32>, tensor<5xi32>) -> (tensor<4xf32>, tensor<4xf32>)

// -----

%row, %labels = "test.values"() : () -> (tensor<4xf32>, tensor<4xi32>)
// expected-error @+1 {{has 'tensor<5xf32>' as result #1}}
%g:2 = nn.ce_row_loss_grad %row, %row, %labels {classes = 16, ignore_index = -100, label_smoothing = 0.0} : (tensor<4xf32>, tensor<4xf32>, tensor<4xi32>) -> (tensor<4xf32>, tensor<5xf32>)

// -----

%labels = "test.value"() : () -> tensor<2x4xi32>
// expected-error @+1 {{has a global_shape of 1 dims, but labels has 2}}
nn.count_labels %labels {ignore_index = -100, global_shape = array<i64: 8>} : (tensor<2x4xi32>) -> tensor<f32>

// -----

%labels, %o = "test.values"() : () -> (tensor<2x4xi32>, index)
// expected-error @+1 {{has 1 offsets, but takes 2}}
nn.count_labels %labels at %o {ignore_index = -100, global_shape = array<i64: 2, 4>} : (tensor<2x4xi32>, index) -> tensor<f32>

// -----

%labels = "test.value"() : () -> tensor<2x4xi32>
// expected-error @+1 {{has 'tensor<f64>' as result #0, but its operands and attributes give 'tensor<f32>'}}
nn.count_labels %labels {ignore_index = -100, global_shape = array<i64: 2, 4>} : (tensor<2x4xi32>) -> tensor<f64>

// -----

%x = "test.value"() : () -> tensor<4xf32>
// expected-error @+1 {{needs a count of type 'tensor<f32>', but has 'tensor<4xf32>'}}
nn.div_count %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>

// -----

%x, %n = "test.values"() : () -> (tensor<4xf32>, tensor<f32>)
// expected-error @+1 {{has 'tensor<f32>' as result #0}}
nn.div_count %x, %n : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
