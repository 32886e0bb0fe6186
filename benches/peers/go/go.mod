module tillgate.example/peer

go 1.18
