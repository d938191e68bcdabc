//===- ElfImage.cpp - Links objects and checks the result ----------------------------------===//
//
// The linker is part of this program. The image must load without a dynamic linker's help: every
// reference is resolved inside of it, relative to the instruction pointer.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/codegen/NativeCode.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <mutex>

LLD_HAS_DRIVER(elf)

namespace tpc::codegen {

namespace {

llvm::Error failure(const llvm::Twine &reason) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), reason);
}

llvm::Error check(llvm::StringRef image) {
  using ElfFile = llvm::object::ELF64LEFile;
  llvm::Expected<ElfFile> file = ElfFile::create(image);
  if (!file)
    return file.takeError();
  llvm::Expected<ElfFile::Elf_Shdr_Range> sections = file->sections();
  if (!sections)
    return sections.takeError();
  for (const ElfFile::Elf_Shdr &section : *sections) {
    bool isRelocation = section.sh_type == llvm::ELF::SHT_RELA ||
                        section.sh_type == llvm::ELF::SHT_REL ||
                        section.sh_type == llvm::ELF::SHT_RELR;
    if (isRelocation && section.sh_size != 0)
      return failure("the kernel image has relocations; generated code must be independent of its "
                     "address");
    if (section.sh_type != llvm::ELF::SHT_DYNSYM)
      continue;
    auto symbols = file->symbols(&section);
    if (!symbols)
      return symbols.takeError();
    llvm::Expected<llvm::StringRef> names = file->getStringTableForSymtab(section);
    if (!names)
      return names.takeError();
    for (const ElfFile::Elf_Sym &symbol : symbols->drop_front())
      if (symbol.isUndefined()) {
        llvm::Expected<llvm::StringRef> name = symbol.getName(*names);
        return failure("the kernel image calls '" + (name ? *name : llvm::StringRef("?")) +
                       "'; generated code must call nothing");
      }
  }
  return llvm::Error::success();
}

} // namespace

/// The linker reads and writes files.
static llvm::Error noRoom(const llvm::Twine &what, std::error_code error) {
  return failure("cannot " + what + " for the linker: " + error.message() +
                 "; TMPDIR says where temporary files go");
}

llvm::Expected<std::vector<uint8_t>> linkImage(llvm::ArrayRef<std::vector<char>> objects) {
  llvm::SmallString<128> folder;
  if (std::error_code error = llvm::sys::fs::createUniqueDirectory("tpc-link", folder))
    return noRoom("make a temporary folder", error);
  llvm::scope_exit cleanup([&] { llvm::sys::fs::remove_directories(folder); });
  std::vector<std::string> arguments = {"ld.lld",
                                        "-shared",
                                        "-o",
                                        (folder + "/image").str(),
                                        "--no-undefined",
                                        "--build-id=none",
                                        "--hash-style=gnu",
                                        "-z",
                                        "noexecstack",
                                        "-z",
                                        "norelro",
                                        "--strip-all",
                                        "--threads=1"};
  for (size_t i = 0; i < objects.size(); ++i) {
    std::string path = (folder + "/" + llvm::Twine(i) + ".o").str();
    std::error_code error;
    llvm::raw_fd_ostream stream(path, error);
    stream.write(objects[i].data(), objects[i].size());
    stream.close();
    error = error ? error : stream.error();
    stream.clear_error(); // an error that is left would end the program
    if (error)
      return noRoom("write an object to " + folder, error);
    arguments.push_back(path);
  }
  std::vector<const char *> pointers;
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());
  std::string output, errors;
  llvm::raw_string_ostream outputStream(output), errorStream(errors);
  // The linker keeps its state in globals.
  static std::mutex linker;
  lld::Result result;
  {
    std::lock_guard lock(linker);
    result = lld::lldMain(pointers, outputStream, errorStream, {{lld::Gnu, &lld::elf::link}});
  }
  if (result.retCode != 0)
    return failure("the linker failed on generated code: " + errors);
  auto image = llvm::MemoryBuffer::getFile(folder + "/image");
  if (!image)
    return failure("cannot read the linked image: " + image.getError().message());
  if (llvm::Error error = check((*image)->getBuffer()))
    return error;
  llvm::StringRef bytes = (*image)->getBuffer();
  return std::vector<uint8_t>(bytes.bytes_begin(), bytes.bytes_end());
}

} // namespace tpc::codegen
