// RUN: tpc-opt %s -split-input-file --tpc-partition | FileCheck %s

// Every change of a placement is one collective or slice, with pads made before and dropped after.
// The pass proves what it made.

// CHECK-LABEL: module @reduce
module @reduce {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>> dims ["", ""]
  nn.parameter @w : tensor<6x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    // CHECK: %[[X:.*]] = nn.read @x : tensor<4x4xf32>
    %x = nn.read @x : tensor<4x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>
    // CHECK: %[[W:.*]] = nn.read @w : tensor<6x4xf32>
    %w = nn.read @w : tensor<6x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>
    // CHECK: %[[Y:.*]] = nn.linear %[[X]], %[[W]] : (tensor<4x4xf32>, tensor<6x4xf32>) -> tensor<4x6xf32>
    %y = nn.linear %x, %w : (tensor<4x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>, tensor<6x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>) -> tensor<4x6xf32, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>
    // CHECK: %[[R:.*]] = tp.all_reduce sum %[[Y]] on "tp" why "output" : (tensor<4x6xf32>) -> tensor<4x6xf32>
    %r = tp.reshard %y why "output" : tensor<4x6xf32, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<4x6xf32, #tp.sharding<@mesh, [{}, {}]>>
    // CHECK: nn.return %[[R]] : tensor<4x6xf32>
    nn.return %r : tensor<4x6xf32, #tp.sharding<@mesh, [{}, {}]>>
  }
}

// -----

// The rows of 7 are padded to 8, scattered, and gathered again.
// CHECK-LABEL: module @scatter
module @scatter {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<7x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>> dims ["", ""]
  nn.parameter @w : tensor<6x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<7x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>
    %w = nn.read @w : tensor<6x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>
    // CHECK: %[[Y:.*]] = nn.linear
    %y = nn.linear %x, %w : (tensor<7x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>, tensor<6x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>) -> tensor<7x6xf32, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>
    // CHECK: %[[P:.*]] = nn.pad %[[Y]] dim 0 start 0 : (tensor<7x6xf32>) -> tensor<8x6xf32>
    // CHECK: %[[S:.*]] = tp.reduce_scatter %[[P]] dim 0 on "tp" why "sequence" : (tensor<8x6xf32>) -> tensor<4x6xf32>
    %s = tp.reshard %y why "sequence" : tensor<7x6xf32, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<7x6xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>>
    // CHECK: %[[A:.*]] = nn.relu %[[S]] : (tensor<4x6xf32>) -> tensor<4x6xf32>
    %a = nn.relu %s : (tensor<7x6xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>>) -> tensor<7x6xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>>
    // CHECK: %[[G:.*]] = tp.all_gather %[[A]] dim 0 on "tp" why "output" : (tensor<4x6xf32>) -> tensor<8x6xf32>
    // CHECK: %[[D:.*]] = nn.slice %[[G]] dim 0 start 0 size 7 : (tensor<8x6xf32>) -> tensor<7x6xf32>
    %g = tp.reshard %a why "output" : tensor<7x6xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> -> tensor<7x6xf32, #tp.sharding<@mesh, [{}, {}]>>
    // CHECK: nn.return %[[D]]
    nn.return %g : tensor<7x6xf32, #tp.sharding<@mesh, [{}, {}]>>
  }
}

// -----

// exp makes the zeros of pads to ones: the sum over them needs a mask. Of a slice pads are zero.
// CHECK-LABEL: module @mask
module @mask {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<7x4xf32, #tp.sharding<@mesh, [{}, {}]>> dims ["", ""]
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<7x4xf32, #tp.sharding<@mesh, [{}, {}]>>
    // CHECK: %[[S:.*]] = tp.slice %{{.*}} dim 0 on "tp" why "half" : tensor<7x4xf32> -> tensor<4x4xf32>
    %s = tp.reshard %x why "half" : tensor<7x4xf32, #tp.sharding<@mesh, [{}, {}]>> -> tensor<7x4xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>>
    // CHECK: %[[SUM:.*]] = nn.sum %[[S]] dims [0]
    %0 = nn.sum %s dims [0] : (tensor<7x4xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>>) -> tensor<4xf32, #tp.sharding<@mesh, [{}], partial = {"tp"}>>
    // CHECK: %[[E:.*]] = nn.exp %[[S]]
    %e = nn.exp %s : (tensor<7x4xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>>) -> tensor<7x4xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>>
    // CHECK: %[[O:.*]] = tp.offset 4 on "tp"
    // CHECK: %[[M:.*]] = tp.mask %[[E]] at %[[O]] dim 0 minor 1 extent 4 logical 7 fill 0.0{{.*}} : tensor<4x4xf32> -> tensor<4x4xf32>
    // CHECK: nn.sum %[[M]] dims [0]
    %1 = nn.sum %e dims [0] : (tensor<7x4xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>>) -> tensor<4xf32, #tp.sharding<@mesh, [{}], partial = {"tp"}>>
    %2 = nn.add %0, %1 : (tensor<4xf32, #tp.sharding<@mesh, [{}], partial = {"tp"}>>, tensor<4xf32, #tp.sharding<@mesh, [{}], partial = {"tp"}>>) -> tensor<4xf32, #tp.sharding<@mesh, [{}], partial = {"tp"}>>
    %r = tp.reshard %2 why "output" : tensor<4xf32, #tp.sharding<@mesh, [{}], partial = {"tp"}>> -> tensor<4xf32, #tp.sharding<@mesh, [{}]>>
    nn.return %r : tensor<4xf32, #tp.sharding<@mesh, [{}]>>
  }
}

// -----

// The split moves from the rows to the columns: the columns of 5 are padded to 6, each rank sends the others' parts of its
// rows, and the pads of the rows are dropped.
// CHECK-LABEL: module @move
module @move {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<7x5xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> dims ["", ""]
  nn.parameter @p : tensor<7x5xf32, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs [] {
    %x = nn.read @x : tensor<7x5xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>>
    // CHECK: %[[P:.*]] = nn.pad %{{.*}} dim 1 start 0 : (tensor<4x5xf32>) -> tensor<4x6xf32>
    // CHECK: %[[T:.*]] = tp.all_to_all %[[P]] from 0 to 1 on "tp" why "columns" : (tensor<4x6xf32>) -> tensor<8x3xf32>
    // CHECK: %[[D:.*]] = nn.slice %[[T]] dim 0 start 0 size 7 : (tensor<8x3xf32>) -> tensor<7x3xf32>
    %t = tp.reshard %x why "columns" : tensor<7x5xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> -> tensor<7x5xf32, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>>
    // CHECK: nn.write %[[D]], @p : tensor<7x3xf32>
    nn.write %t, @p : tensor<7x5xf32, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>>
    nn.return
  }
}

// -----

// From a factor in the middle of a dim, which gets a dim of its own: that is the one that becomes whole.
// CHECK-LABEL: module @move_middle
module @move_middle {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<18x4xf32, #tp.sharding<@mesh, [{3, 3:4 "tp", 2}, {}]>> dims ["", ""]
  nn.parameter @p : tensor<18x4xf32, #tp.sharding<@mesh, [{}, {"tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs [] {
    %x = nn.read @x : tensor<18x4xf32, #tp.sharding<@mesh, [{3, 3:4 "tp", 2}, {}]>>
    // CHECK: %[[V:.*]] = nn.split_dim %{{.*}} dim 0 minor 4 {tp.view} : (tensor<12x4xf32>) -> tensor<3x4x4xf32>
    // CHECK: %[[T:.*]] = tp.all_to_all %[[V]] from 1 to 2 on "tp" why "columns" : (tensor<3x4x4xf32>) -> tensor<3x8x2xf32>
    // CHECK: %[[D:.*]] = nn.slice %[[T]] dim 1 start 0 size 6 : (tensor<3x8x2xf32>) -> tensor<3x6x2xf32>
    // CHECK: %[[M:.*]] = nn.merge_dims %[[D]] dim 0 {tp.view} : (tensor<3x6x2xf32>) -> tensor<18x2xf32>
    %z = tp.reshard %x why "columns" : tensor<18x4xf32, #tp.sharding<@mesh, [{3, 3:4 "tp", 2}, {}]>> -> tensor<18x4xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>
    // CHECK: nn.write %[[M]], @p
    nn.write %z, @p : tensor<18x4xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>
    nn.return
  }
}

// -----

// Integers get no pads, which an all_to_all would need: gathered, and split anew.
// CHECK-LABEL: module @move_integers
module @move_integers {
  tp.mesh @mesh ["tp" = 2]
  nn.input @ids : tensor<4x5xi32, #tp.sharding<@mesh, [{"tp"}, {}]>> dims ["", ""]
  nn.parameter @w : tensor<8x3xf32, #tp.sharding<@mesh, [{}, {}]>> init #nn.init<zeros>
  nn.parameter @p : tensor<4x5x3xf32, #tp.sharding<@mesh, [{}, {5:6 "tp"}, {}]>> init #nn.init<zeros>
  nn.entry @forward outputs [] {
    %i = nn.read @ids : tensor<4x5xi32, #tp.sharding<@mesh, [{"tp"}, {}]>>
    %w = nn.read @w : tensor<8x3xf32, #tp.sharding<@mesh, [{}, {}]>>
    // CHECK: %[[G:.*]] = tp.all_gather %{{.*}} dim 0 on "tp" why "columns" : (tensor<2x5xi32>) -> tensor<4x5xi32>
    // CHECK: tp.slice %[[G]] dim 1 on "tp" why "columns" : tensor<4x5xi32> -> tensor<4x3xi32>
    %t = tp.reshard %i why "columns" : tensor<4x5xi32, #tp.sharding<@mesh, [{"tp"}, {}]>> -> tensor<4x5xi32, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>>
    %e = nn.embedding %t, %w : (tensor<4x5xi32, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>>, tensor<8x3xf32, #tp.sharding<@mesh, [{}, {}]>>) -> tensor<4x5x3xf32, #tp.sharding<@mesh, [{}, {5:6 "tp"}, {}]>>
    nn.write %e, @p : tensor<4x5x3xf32, #tp.sharding<@mesh, [{}, {5:6 "tp"}, {}]>>
    nn.return
  }
}

// -----

// Two axes split the rows, and are to split the columns: the minor one can't go before the major one. It is gathered, the
// other moves, and its part of the columns is a slice.
// CHECK-LABEL: module @move_two_axes
module @move_two_axes {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<8x4xf32, #tp.sharding<@mesh, [{"dp" "tp"}, {}]>> dims ["", ""]
  nn.parameter @p : tensor<8x4xf32, #tp.sharding<@mesh, [{}, {"dp" "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs [] {
    %x = nn.read @x : tensor<8x4xf32, #tp.sharding<@mesh, [{"dp" "tp"}, {}]>>
    // CHECK: %[[G:.*]] = tp.all_gather %{{.*}} dim 0 on "tp" why "columns" : (tensor<2x4xf32>) -> tensor<4x4xf32>
    // CHECK: %[[T:.*]] = tp.all_to_all %[[G]] from 0 to 1 on "dp" why "columns" : (tensor<4x4xf32>) -> tensor<8x2xf32>
    // CHECK: %[[S:.*]] = tp.slice %[[T]] dim 1 on "tp" why "columns" : tensor<8x2xf32> -> tensor<8x1xf32>
    %z = tp.reshard %x why "columns" : tensor<8x4xf32, #tp.sharding<@mesh, [{"dp" "tp"}, {}]>> -> tensor<8x4xf32, #tp.sharding<@mesh, [{}, {"dp" "tp"}]>>
    // CHECK: nn.write %[[S]], @p
    nn.write %z, @p : tensor<8x4xf32, #tp.sharding<@mesh, [{}, {"dp" "tp"}]>>
    nn.return
  }
}

// -----

// A factor in the middle of a dim: gathered along a dim of its own, which is a view, its pads are dropped there; then
// the factor in front of it is split.
// CHECK-LABEL: module @middle
module @middle {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<18xf32, #tp.sharding<@mesh, [{3, 3:4 "tp", 2}]>> dims [""]
  nn.parameter @p : tensor<18xf32, #tp.sharding<@mesh, [{3:4 "tp", 6}]>> init #nn.init<zeros>
  nn.entry @forward outputs [] {
    // CHECK: %[[X:.*]] = nn.read @x : tensor<12xf32>
    %x = nn.read @x : tensor<18xf32, #tp.sharding<@mesh, [{3, 3:4 "tp", 2}]>>
    // CHECK: %[[V:.*]] = nn.split_dim %[[X]] dim 0 minor 4 {tp.view} : (tensor<12xf32>) -> tensor<3x4xf32>
    // CHECK: %[[G:.*]] = tp.all_gather %[[V]] dim 1 on "tp" why "heads" : (tensor<3x4xf32>) -> tensor<3x8xf32>
    // CHECK: %[[D:.*]] = nn.slice %[[G]] dim 1 start 0 size 6 : (tensor<3x8xf32>) -> tensor<3x6xf32>
    // CHECK: %[[M:.*]] = nn.merge_dims %[[D]] dim 0 {tp.view} : (tensor<3x6xf32>) -> tensor<18xf32>
    // CHECK: %[[S:.*]] = tp.slice %[[M]] dim 0 on "tp" why "heads" : tensor<18xf32> -> tensor<12xf32>
    %z = tp.reshard %x why "heads" : tensor<18xf32, #tp.sharding<@mesh, [{3, 3:4 "tp", 2}]>> -> tensor<18xf32, #tp.sharding<@mesh, [{3:4 "tp", 6}]>>
    nn.write %z, @p : tensor<18xf32, #tp.sharding<@mesh, [{3:4 "tp", 6}]>>
    nn.return
  }
}

// -----

// Two axes: the sum over dp and the split of tp are one reshard, and two steps.
// CHECK-LABEL: module @axes
module @axes {
  tp.mesh @mesh ["dp" = 2, "tp" = 2]
  nn.input @x : tensor<8x4xf32, #tp.sharding<@mesh, [{"dp"}, {}]>> dims ["", ""]
  nn.parameter @p : tensor<4xf32, #tp.sharding<@mesh, [{"tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs [] {
    %x = nn.read @x : tensor<8x4xf32, #tp.sharding<@mesh, [{"dp"}, {}]>>
    // CHECK: %[[SUM:.*]] = nn.sum %{{.*}} dims [0] : (tensor<4x4xf32>) -> tensor<4xf32>
    %0 = nn.sum %x dims [0] : (tensor<8x4xf32, #tp.sharding<@mesh, [{"dp"}, {}]>>) -> tensor<4xf32, #tp.sharding<@mesh, [{}], partial = {"dp"}>>
    // CHECK: %[[R:.*]] = tp.all_reduce sum %[[SUM]] on "dp" why "held so"
    // CHECK: %[[S:.*]] = tp.slice %[[R]] dim 0 on "tp" why "held so" : tensor<4xf32> -> tensor<2xf32>
    %1 = tp.reshard %0 why "held so" : tensor<4xf32, #tp.sharding<@mesh, [{}], partial = {"dp"}>> -> tensor<4xf32, #tp.sharding<@mesh, [{"tp"}]>>
    // CHECK: nn.write %[[S]], @p
    nn.write %1, @p : tensor<4xf32, #tp.sharding<@mesh, [{"tp"}]>>
    nn.return
  }
}

// -----

// What is written has zero pads, since the next step takes them for zeros.
// CHECK-LABEL: module @written
module @written {
  tp.mesh @mesh ["tp" = 2]
  nn.parameter @p : tensor<5xf32, #tp.sharding<@mesh, [{5:6 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs [] {
    %p = nn.read @p : tensor<5xf32, #tp.sharding<@mesh, [{5:6 "tp"}]>>
    // CHECK: %[[E:.*]] = nn.exp
    %e = nn.exp %p : (tensor<5xf32, #tp.sharding<@mesh, [{5:6 "tp"}]>>) -> tensor<5xf32, #tp.sharding<@mesh, [{5:6 "tp"}]>>
    // CHECK: %[[O:.*]] = tp.offset 3 on "tp"
    // CHECK: %[[M:.*]] = tp.mask %[[E]] at %[[O]] dim 0 minor 1 extent 3 logical 5
    // CHECK: nn.write %[[M]], @p
    nn.write %e, @p : tensor<5xf32, #tp.sharding<@mesh, [{5:6 "tp"}]>>
    nn.return
  }
}

// -----

// With a type on the wire a value is rounded in front of what moves, pads included, and widened behind.
// CHECK-LABEL: module @wire
module @wire {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<7x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>> dims ["", ""]
  nn.parameter @w : tensor<6x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs ["y"] {
    %x = nn.read @x : tensor<7x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>
    %w = nn.read @w : tensor<6x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>
    // CHECK: %[[Y:.*]] = nn.linear
    %y = nn.linear %x, %w : (tensor<7x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>, tensor<6x8xf32, #tp.sharding<@mesh, [{}, {"tp"}]>>) -> tensor<7x6xf32, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>>
    // CHECK: %[[N:.*]] = nn.cast %[[Y]] {tp.wire} : (tensor<7x6xf32>) -> tensor<7x6xbf16>
    // CHECK: %[[P:.*]] = nn.pad %[[N]] dim 0 start 0 : (tensor<7x6xbf16>) -> tensor<8x6xbf16>
    // CHECK: %[[S:.*]] = tp.reduce_scatter %[[P]] dim 0 on "tp" why "sequence" : (tensor<8x6xbf16>) -> tensor<4x6xbf16>
    // CHECK: %[[W:.*]] = nn.cast %[[S]] {tp.wire} : (tensor<4x6xbf16>) -> tensor<4x6xf32>
    %s = tp.reshard %y why "sequence" wire bf16 : tensor<7x6xf32, #tp.sharding<@mesh, [{}, {}], partial = {"tp"}>> -> tensor<7x6xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>>
    // CHECK: nn.relu %[[W]]
    %a = nn.relu %s : (tensor<7x6xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>>) -> tensor<7x6xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>>
    // CHECK: %[[G:.*]] = tp.all_gather %{{.*}} dim 0 on "tp" why "output" : (tensor<4x6xbf16>) -> tensor<8x6xbf16>
    // CHECK: %[[D:.*]] = nn.slice %[[G]] dim 0 start 0 size 7 : (tensor<8x6xbf16>) -> tensor<7x6xbf16>
    // CHECK: nn.cast %[[D]] {tp.wire} : (tensor<7x6xbf16>) -> tensor<7x6xf32>
    %g = tp.reshard %a why "output" wire bf16 : tensor<7x6xf32, #tp.sharding<@mesh, [{7:8 "tp"}, {}]>> -> tensor<7x6xf32, #tp.sharding<@mesh, [{}, {}]>>
    nn.return %g : tensor<7x6xf32, #tp.sharding<@mesh, [{}, {}]>>
  }
}

// -----

// What moves with a split is rounded, too; pads are made before.
// CHECK-LABEL: module @move_on_wire
module @move_on_wire {
  tp.mesh @mesh ["tp" = 2]
  nn.input @x : tensor<8x5xf32, #tp.sharding<@mesh, [{"tp"}, {}]>> dims ["", ""]
  nn.parameter @p : tensor<8x5xf32, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>> init #nn.init<zeros>
  nn.entry @forward outputs [] {
    %x = nn.read @x : tensor<8x5xf32, #tp.sharding<@mesh, [{"tp"}, {}]>>
    // CHECK: %[[P:.*]] = nn.pad %{{.*}} dim 1 start 0 : (tensor<4x5xf32>) -> tensor<4x6xf32>
    // CHECK: %[[N:.*]] = nn.cast %[[P]] {tp.wire} : (tensor<4x6xf32>) -> tensor<4x6xbf16>
    // CHECK: %[[T:.*]] = tp.all_to_all %[[N]] from 0 to 1 on "tp" why "columns" : (tensor<4x6xbf16>) -> tensor<8x3xbf16>
    // CHECK: nn.cast %[[T]] {tp.wire} : (tensor<8x3xbf16>) -> tensor<8x3xf32>
    %t = tp.reshard %x why "columns" wire bf16 : tensor<8x5xf32, #tp.sharding<@mesh, [{"tp"}, {}]>> -> tensor<8x5xf32, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>>
    nn.write %t, @p : tensor<8x5xf32, #tp.sharding<@mesh, [{}, {5:6 "tp"}]>>
    nn.return
  }
}
