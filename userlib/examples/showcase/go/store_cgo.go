// SPDX-License-Identifier: MIT

//go:build cgo

package main

// #include "../store.c"
import "C"

const haveStore = true

func storeOpen()         { C.store_open() }
func storeTidyUp(ms int) { C.store_tidy_up(C.int(ms)) }
func storePut(thing int) { C.store_put(C.int(thing)) }
