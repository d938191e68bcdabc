//===- ShapeModels.cpp - Models around ops that move elements, products and sums -----------===//
#include "ModelText.h"

namespace tpc::conformance {

namespace {

void addMatmul(std::vector<OpModel> &models) {
  // Heads in front of the sequence; attention without its softmax.
  Text turned = heads()
                    .op("%qt = nn.transpose %q [0, 2, 1, 3] : ($heads) -> $turned")
                    .op("%kt = nn.transpose %k [0, 2, 1, 3] : ($heads) -> $turned")
                    .op("%vt = nn.transpose %v [0, 2, 1, 3] : ($heads) -> $turned");
  const std::string scores =
      "%s = nn.matmul %qt, %kt {transpose_b} : ($turned, $turned) -> $scores";
  const std::string back = "%o = nn.transpose %ot [0, 2, 1, 3] : ($turned) -> $heads";
  models.push_back(
      {.name = "matmul",
       .text = fromHeads(Text(turned)
                             .op(scores)
                             .op("%ot = nn.matmul %s, %vt : ($scores, $turned) -> $turned")
                             .op(back))});
  models.push_back(
      {.name = "matmul_transpose_a",
       .text = fromHeads(
           Text(turned)
               .op("%p = nn.matmul %kt, %vt {transpose_a} : ($turned, $turned) -> $products")
               .op("%ot = nn.matmul %qt, %p : ($turned, $products) -> $turned")
               .op(back))});
  models.push_back(
      {.name = "matmul_transpose_both",
       .text = fromHeads(
           Text(turned)
               .op(scores)
               .op("%c = nn.matmul %vt, %s {transpose_a, transpose_b} : ($turned, $scores) -> "
                   "$across")
               .op("%o = nn.transpose %c [0, 3, 1, 2] : ($across) -> $heads"))});
}

void addParts(std::vector<OpModel> &models) {
  // The middle factor of three widths is split.
  Text fused = Text()
                   .input("x", "$x", kByRow)
                   .parameter("wqkv", "$wqkv")
                   .parameter("bqkv", "$bqkv")
                   .op("%u = nn.linear %x, %wqkv bias %bqkv : ($x, $wqkv, $bqkv) -> $qkv")
                   .op("%s = nn.split_dim %u dim 2 minor $qwidth : ($qkv) -> $three")
                   .op("%a = nn.slice %s dim 2 start 0 size 1 : ($three) -> $one")
                   .op("%b = nn.slice %s dim 2 start 1 size 1 : ($three) -> $one")
                   .op("%c = nn.slice %s dim 2 start 2 size 1 : ($three) -> $one")
                   .op("%e = nn.exp %b : ($one) -> $one")
                   .op("%d = nn.concat %c, %a, %e dim 2 : ($one, $one, $one) -> $three")
                   .op("%v = nn.merge_dims %d dim 2 : ($three) -> $qkv");
  models.push_back({.name = "slice_concat", .text = fromFeatures(fused, "$qkv", "$w2qkv")});
  models.push_back({.name = "slice_features",
                    .text = fromFeatures(
                        features().op("%v = nn.slice %u dim 2 start 1 size $most : ($f) -> $fcut"),
                        "$fcut", "$w2cut")});
  models.push_back(
      {.name = "concat_features",
       .text = fromFeatures(twoFeatures().op("%v = nn.concat %u, %o dim 2 : ($f, $f) -> $fpair"),
                            "$fpair", "$w2pair")});
  models.push_back(
      {.name = "merge_rows",
       .text = fromFeatures(features()
                                .op("%p = nn.merge_dims %u dim 0 : ($f) -> $frows")
                                .op("%e = nn.exp %p : ($frows) -> $frows")
                                .op("%v = nn.split_dim %e dim 0 minor $sequence : ($frows) -> "
                                    "$f"))});
  Text part = features().op("%p = nn.slice %u dim 1 start 2 size 3 : ($f) -> $fshort");
  models.push_back({.name = "slice_sequence",
                    .text = Text(part)
                                .parameter("w2", "$w2")
                                .op("%z = nn.linear %p, %w2 : ($fshort, $w2) -> $xshort")
                                .weighed("z", "$xshort", "\"B\", \"\", \"\"", "[0, 1, 2]")});
  models.push_back({.name = "concat_sequence",
                    .text = Text(part)
                                .op("%l = nn.concat %p, %u dim 1 : ($fshort, $f) -> $flong")
                                .parameter("w2", "$w2")
                                .op("%z = nn.linear %l, %w2 : ($flong, $w2) -> $xlong")
                                .weighed("z", "$xlong", "\"B\", \"\", \"\"", "[0, 1, 2]")});
  Text tokens = Text().input("tokens", "$ids", "\"B\", \"T\"").parameter("table", "$table");
  models.push_back(
      {.name = "slice_tokens",
       .text = Text(tokens)
                   .op("%p = nn.slice %tokens dim 1 start 1 size 3 : ($ids) -> $idsshort")
                   .op("%z = nn.embedding %p, %table : ($idsshort, $table) -> $xshort")
                   .weighed("z", "$xshort", "\"B\", \"\", \"\"", "[0, 1, 2]")});
  models.push_back(
      {.name = "transpose_tokens",
       .text = Text(tokens)
                   .op("%p = nn.transpose %tokens [1, 0] : ($ids) -> $idsturned")
                   .op("%e = nn.embedding %p, %table : ($idsturned, $table) -> $xturned")
                   .op("%z = nn.transpose %e [1, 0, 2] : ($xturned) -> $x")
                   .weighed("z", "$x", kByRow, "[0, 1, 2]")});
}

void addSums(std::vector<OpModel> &models) {
  for (std::string name : {"sum", "mean"}) {
    models.push_back({.name = name + "_features",
                      .text = features()
                                  .op("%r = nn." + name + " %u dims [2] : ($f) -> $rows")
                                  .weighed("r", "$rows", "\"B\", \"T\"", "[0, 1]")});
    models.push_back({.name = name + "_rows",
                      .text = features()
                                  .op("%r = nn." + name + " %u dims [0, 1] : ($f) -> $g")
                                  .weighed("r", "$g", "\"\"", "[0]")});
    models.push_back({.name = name + "_all",
                      .text = features()
                                  .op("%e = nn.exp %u : ($f) -> $f")
                                  .weighed("e", "$f", kByRow, "[0, 1, 2]", name)});
  }
}

} // namespace

void addShapeModels(std::vector<OpModel> &models) {
  addMatmul(models);
  addParts(models);
  addSums(models);
}

} // namespace tpc::conformance
