//===- FuzzTokens.cpp - Token files --------------------------------------------------------===//
//
// The first four bytes of an input say how it is read: as bytes or tokens, window, stride, shift;
// the rest is the file.
//
//===---------------------------------------------------------------------------------------===//
#include "tests/fuzz/FuzzInput.h"

#include "runtime/io/TokenFeed.h"
#include "tests/unit/support/Temporary.h"

#include <filesystem>
#include <vector>

using namespace tpc;
using namespace tpc::fuzz;

/// Batches of 2 on two ranks that split them.
static void fillBatches(const TokenFeed &feed, const FeedSpec &spec) {
  Mesh mesh{{{"dp", 2}}};
  Sharding sharding = Sharding::replicated({2, spec.window});
  sharding.dims[0] = splitDim(2, 0, mesh);
  bool good = feed.check(spec, 2, 0, 8).ok();
  for (int64_t first : {0, 2, 4, 6})
    for (int64_t rank : {0, 1}) {
      CoordinateMap map(sharding, mesh, rank);
      std::vector<int32_t> local(static_cast<size_t>(map.localElements()));
      if (feed.samples(spec) == 0)
        continue;
      Status status = feed.fill(spec, first, map, local.data());
      requireBlame(status);
      require(status.ok() || !good, "what was checked can be read");
      for (int32_t token : local)
        require(!status.ok() || token == spec.tail || (token >= 0 && token < spec.vocabulary),
                "tokens are in the vocabulary");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 4)
    return 0;
  bool bytes = data[0] & 1, named = data[0] & 2;
  FeedSpec spec{1 + data[1] % 32, 1 + data[2] % 40, data[3] % 40, -100, 300};
  MemoryFile file({data + 4, size - 4}, "tokens");
  // A .bin file is told by its name.
  static const test::TemporaryFile link(".bin");
  std::string path = file.path();
  if (named) {
    std::error_code error;
    std::filesystem::remove(link.path(), error);
    std::filesystem::create_symlink(path, link.path(), error);
    path = link.path();
  }
  Result<TokenFeed> feed =
      TokenFeed::open(path, bytes ? TokenFeed::Kind::Bytes : TokenFeed::Kind::Tokens);
  if (named)
    unlink(link.path().c_str());
  requireBlame(feed.status());
  if (!feed.ok())
    return 0;
  requireBlame(feed->check(spec, 2, 0, 8));
  requireBlame(feed->check(spec, 1, int64_t{1} << 61, int64_t{1} << 61));
  fillBatches(*feed, spec);
  return 0;
}
