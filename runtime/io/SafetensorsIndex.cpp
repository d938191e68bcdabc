//===- SafetensorsIndex.cpp - Which of several files holds a tensor -------------------------===//
#include "runtime/io/SafetensorsIndex.h"

#include "runtime/io/InputFile.h"
#include "runtime/io/JsonReader.h"

#include <set>

namespace tpc {
namespace {

/// As for the header of a safetensors file.
constexpr uint64_t kLongest = 100'000'000;

Status noIndex(const std::string &what) {
  return Status(Code::InvalidInput, what,
                "it is no index of safetensors files, as model.safetensors.index.json is, or it is "
                "damaged");
}

/// A name from outside must not lead elsewhere.
Status checkFileName(const std::string &tensor, const std::string &file) {
  std::string names = "names '" + file + "' as the file of '" + tensor + "'";
  if (file.find('/') != file.npos || file.find('\0') != file.npos)
    return Status(Code::InvalidInput, names + ", which leads elsewhere",
                  "the files of a checkpoint lie in the folder of their index");
  if (!file.ends_with(".safetensors"))
    return Status(Code::InvalidInput, names + ", which is no safetensors file",
                  "take the index of the checkpoint's safetensors files");
  return Status();
}

} // namespace

Result<SafetensorsIndex> SafetensorsIndex::parse(std::string_view text) {
  if (!isUtf8(text))
    return noIndex("it is not UTF-8");
  SafetensorsIndex index;
  std::set<std::string> seen;
  JsonReader json(text);
  json.object([&](const std::string &key) {
    if (!seen.insert(key).second)
      return json.fail("'" + key + "' given twice");
    if (key != "weight_map")
      return json.skip();
    return json.object([&](const std::string &tensor) {
      std::string file;
      if (!json.string(file))
        return false;
      return index.files.emplace(tensor, std::move(file)).second ||
             json.fail("tensor '" + tensor + "' given twice");
    });
  });
  json.atEnd();
  if (!json.error().empty())
    return noIndex(json.error());
  if (index.files.empty())
    return noIndex("it has no 'weight_map' with the files of tensors");
  for (const auto &[tensor, file] : index.files)
    TPC_RETURN_IF_ERROR(checkFileName(tensor, file));
  return index;
}

Result<SafetensorsIndex> SafetensorsIndex::open(const std::string &path) {
  TPC_ASSIGN_OR_RETURN(InputFile file, InputFile::open(path));
  if (file.size() > kLongest)
    return noIndex("'" + path + "' has " + std::to_string(file.size()) + " bytes");
  TPC_ASSIGN_OR_RETURN(std::vector<uint8_t> text, file.read(0, file.size()));
  Result<SafetensorsIndex> index =
      parse({reinterpret_cast<const char *>(text.data()), text.size()});
  if (!index.ok())
    return Status(index.status()).withContext("'" + path + "'");
  return index;
}

} // namespace tpc
