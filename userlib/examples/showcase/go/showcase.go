// SPDX-License-Identifier: MIT

// The showcase in Go: the scenes of ../scenes.c, played and counted in the same way.
// It is given the path of the program in C, which ends the blocks from outside.
package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	times    = 11
	block    = 50 * time.Millisecond
	page     = 4096
	nrScenes = 6
)

const (
	scenePipe = iota
	sceneFault
	sceneMutex
	sceneNanosleep
	sceneFlock
	sceneLoop
)

// What there is to block on, and who ends it.
var stage struct {
	request, ack int
	pipe         int
	pages        []byte // nil: no userfaultfd
	lock         int
	flag         *uint32 // in memory that the ender has too
}

type count struct {
	done    atomic.Bool
	last    atomic.Int64
	longest int64
	n       int64
	ended   sync.WaitGroup
}

var (
	began = time.Now()
	sink  atomic.Int64
)

func now() int64 {
	return int64(time.Since(began))
}

func (c *count) once() {
	x := int64(1)
	for i := int64(0); i < 200; i++ {
		x = x*31 + i
	}
	sink.Store(x)
	t := now()
	if gap := t - c.last.Load(); gap > c.longest {
		c.longest = gap
	}
	c.last.Store(t)
	c.n++
}

func (c *count) untilDone() {
	for !c.done.Load() {
		c.once()
	}
	c.ended.Done()
}

func (c *count) forAWhile() {
	begin := now()
	c.last.Store(begin)
	for c.last.Load()-begin < int64(block) {
		c.once()
	}
	c.ended.Done()
}

func median(values []int64) int64 {
	sort.Slice(values, func(i, j int) bool { return values[i] < values[j] })
	return values[len(values)/2]
}

// playBase is an undisturbed run.
func playBase() (stall int64, countsPerNs float64) {
	var c count
	c.ended.Add(1)
	go c.forAWhile()
	c.ended.Wait()
	return c.longest, float64(c.n) / float64(block)
}

func askEnder(what byte) {
	b := []byte{what}
	if _, err := syscall.Write(stage.request, b); err != nil {
		log.Fatal(err)
	}
	if n, err := syscall.Read(stage.ack, b); n != 1 {
		log.Fatal("the ender has gone: ", err)
	}
}

func prepare(scene int) {
	switch scene {
	case scenePipe:
		askEnder('p')
	case sceneFault:
		askEnder('f')
	case sceneMutex:
		storeTidyUp(int(block / time.Millisecond))
	case sceneFlock:
		askEnder('l')
	case sceneLoop:
		atomic.StoreUint32(stage.flag, 0)
		askEnder('s')
	}
}

func blockIn(scene, i int) {
	switch scene {
	case scenePipe:
		if n, err := syscall.Read(stage.pipe, make([]byte, 1)); n != 1 {
			log.Fatal("read: ", err)
		}
	case sceneFault:
		sink.Store(int64(stage.pages[i*page]))
	case sceneMutex:
		storePut(i)
	case sceneNanosleep:
		ts := syscall.NsecToTimespec(int64(block))
		for syscall.Nanosleep(&ts, &ts) == syscall.EINTR {
		}
	case sceneFlock:
		for syscall.Flock(stage.lock, syscall.LOCK_EX) == syscall.EINTR {
		}
		syscall.Flock(stage.lock, syscall.LOCK_UN)
	case sceneLoop:
		for atomic.LoadUint32(stage.flag) == 0 {
		}
	}
}

func playOnce(scene, i int) (stall, n, ns int64) {
	var c count
	prepare(scene)
	c.ended.Add(1)
	begin := now()
	c.last.Store(begin)
	go c.untilDone()
	blockIn(scene, i)
	end := now()
	c.done.Store(true)
	stall = c.longest
	if gap := end - c.last.Load(); gap > stall {
		stall = gap
	}
	n, ns = c.n, end-begin
	c.ended.Wait()
	return
}

func play(scene int) {
	if scene == sceneFault && stage.pages == nil || scene == sceneMutex && !haveStore {
		fmt.Printf("scene %d - - -\n", scene)
		return
	}
	var stalls, permilles, bases []int64
	_, before := playBase()
	for i := 0; i < times; i++ {
		stall, n, ns := playOnce(scene, i)
		base, after := playBase()
		stalls = append(stalls, stall)
		permilles = append(permilles, int64(1000*float64(n)/((before+after)/2*float64(ns))))
		bases = append(bases, base)
		before = after
	}
	fmt.Printf("scene %d %d %d %d\n", scene, median(stalls), median(permilles), median(bases))
}

// userfaultfd registers the pages of the stage with a new userfaultfd, -1 if there is none.
func userfaultfd() int {
	const (
		sysUserfaultfd = 323
		uffdioAPI      = 0xc018aa3f
		uffdioRegister = 0xc020aa00
	)
	fd, _, errno := syscall.Syscall(sysUserfaultfd, 0, 0, 0)
	if errno != 0 {
		return -1
	}
	pages, err := syscall.Mmap(-1, 0, times*page, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		log.Fatal(err)
	}
	api := [3]uint64{0xaa}
	reg := [4]uint64{uint64(uintptr(unsafe.Pointer(&pages[0]))), times * page, 1}
	_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, uffdioAPI, uintptr(unsafe.Pointer(&api)))
	if errno == 0 {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, uffdioRegister,
			uintptr(unsafe.Pointer(&reg)))
	}
	if errno != 0 {
		log.Fatal("userfaultfd: ", errno)
	}
	stage.pages = pages
	return int(fd)
}

func mustPipe() (r, w int) {
	var p [2]int
	if err := syscall.Pipe2(p[:], syscall.O_CLOEXEC); err != nil {
		log.Fatal(err)
	}
	return p[0], p[1]
}

// setStage starts the ender, a process: a goroutine would need the processor too.
func setStage(program string) (clean func()) {
	lock, err := os.CreateTemp("", "showcase.")
	if err != nil {
		log.Fatal(err)
	}
	flag, err := os.CreateTemp("", "showcase.")
	if err != nil || flag.Truncate(page) != nil {
		log.Fatal("flag: ", err)
	}
	flagPage, err := syscall.Mmap(int(flag.Fd()), 0, page, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_SHARED)
	if err != nil {
		log.Fatal(err)
	}
	stage.flag = (*uint32)(unsafe.Pointer(&flagPage[0]))
	requestR, requestW := mustPipe()
	ackR, ackW := mustPipe()
	pipeR, pipeW := mustPipe()
	stage.request, stage.ack, stage.pipe, stage.lock = requestW, ackR, pipeR, int(lock.Fd())

	files := []*os.File{os.NewFile(uintptr(requestR), "request"),
		os.NewFile(uintptr(ackW), "ack"), os.NewFile(uintptr(pipeW), "pipe"), flag}
	uffd := "-1"
	if fd := userfaultfd(); fd >= 0 {
		files = append(files, os.NewFile(uintptr(fd), "userfaultfd"))
		uffd = "7"
	}
	cmd := exec.Command(program, "--ender", "3", "4", "5", "6", uffd, lock.Name())
	cmd.ExtraFiles = files
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		log.Fatal(err)
	}
	storeOpen()
	return func() {
		os.Remove(lock.Name())
		os.Remove(flag.Name())
	}
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: showcase-go PATH-OF-SHOWCASE")
	}
	runtime.GOMAXPROCS(1)
	defer setStage(os.Args[1])()
	for scene := 0; scene < nrScenes; scene++ {
		play(scene)
	}
}
