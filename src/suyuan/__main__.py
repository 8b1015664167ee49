from suyuan.config.cli import main

raise SystemExit(main())
