# shellcheck shell=bash
# The shared object as the loader sees it.

exported_symbols() { nm --dynamic --defined-only "$MODULE" | awk '{ print $NF }' | sed 's/@.*//'; }

only_c_functions_are_exported() {
    exported_symbols
    exported_symbols | grep -q '^C_GetFunctionList$'
    refuses grep -v '^C_' <(exported_symbols)
}

no_segment_is_writable_and_executable() {
    readelf --program-headers --wide "$MODULE" >"$WORK/segments"
    cat "$WORK/segments"
    grep -q GNU_STACK "$WORK/segments"
    refuses grep RWE "$WORK/segments"
}

relocations_become_read_only() {
    readelf --program-headers --wide "$MODULE" | grep GNU_RELRO
    readelf --dynamic --wide "$MODULE" | grep -E 'BIND_NOW|Flags:.*NOW'
}

soname_is_the_file_name() {
    readelf --dynamic --wide "$MODULE" | grep SONAME | grep -F '[libcpx_pkcs11.so]'
}

# libpcsclite, libgcc_s and the parts of the C library; nothing that could clash with the host program's own.
needs_three_libraries_only() {
    ldd "$MODULE"
    refuses grep -F 'not found' <(ldd "$MODULE")
    ldd "$MODULE" | grep -q libpcsclite
    refuses grep -vE '(linux-vdso|ld-linux|libc|libm|libdl|libpthread|librt|libpcsclite|libgcc_s)[^/]*\.so' <(ldd "$MODULE")
}

# It is built as the README says. Where somebody built it, and where his crates lie, is nobody's business. (/rustc is where the
# standard library was made.)
no_path_of_the_builder_is_in_it() {
    local home
    home=$(builder_home)
    grep -aoE '/(cargo|rustc)/[[:print:]]{20}' "$MODULE" | sort -u | head -n 5
    # Cargo does not build again what was built before scripts/rustc was there: remove target/release, if this fails.
    refuses grep -aoE "($home|$ROOT|$TARGET|${CARGO_HOME:-$home/.cargo})/[[:print:]]{0,80}" "$MODULE"
}

# A program with rights that its user does not have must not write where the user says. The same program without them shows
# that the variable works.
setuid_programs_ignore_the_environment() {
    local directory mode
    directory=$(mktemp --directory)
    chmod 755 "$directory"
    cc -std=c99 -I "$ROOT/include" -o "$directory/program" "$ROOT/tests/c/loads_module.c" -ldl
    install -m 755 "$MODULE" "$directory/libcpx_pkcs11.so"
    install -d -o nobody -m 700 "$directory/traces"
    for mode in 755 4755; do
        chmod "$mode" "$directory/program"
        setpriv --reuid=nobody --regid=nogroup --clear-groups env CPX_PKCS11_TRACE=calls \
            CPX_PKCS11_TRACE_FILE="$directory/traces/$mode" "$directory/program" "$directory/libcpx_pkcs11.so"
    done
    ls -l "$directory" "$directory/traces"
    grep -q 'C_Initialize' "$directory/traces/755"
    [[ ! -e $directory/traces/4755 ]]
    rm -r "$directory"
}

library_checks() {
    local name
    for name in only_c_functions_are_exported no_segment_is_writable_and_executable relocations_become_read_only \
        soname_is_the_file_name needs_three_libraries_only no_path_of_the_builder_is_in_it setuid_programs_ignore_the_environment; do
        check "$name" "$name"
    done
}
