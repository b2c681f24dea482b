//! Geographic area codes of the United States and Canada.
//!
//! As assigned and in service at the beginning of 2025, written from general
//! knowledge; a code with several large cities names one of them. Territories
//! with their own ISO country (Puerto Rico, Guam…) are left out, because the
//! contract knows `US` and `CA` only.

/// A state or province with its area codes.
#[derive(Debug, PartialEq, Eq)]
pub struct Region {
    /// `US` or `CA`.
    pub country: &'static str,
    /// Two letters.
    pub code: &'static str,
    /// Whole name.
    pub name: &'static str,
    /// Codes of the regions it borders on.
    pub borders: &'static [&'static str],
    /// Area code and its principal city.
    pub area_codes: &'static [(u16, &'static str)],
}

macro_rules! regions {
    ($($country:ident $code:ident $name:literal [$($border:ident)*]: $($area:literal $city:literal),+;)+) => {
        &[$(Region {
            country: stringify!($country),
            code: stringify!($code),
            name: $name,
            borders: &[$(stringify!($border)),*],
            area_codes: &[$(($area, $city)),+],
        }),+]
    };
}

/// Every region, by country and code.
pub const REGIONS: &[Region] = regions! {
    US AK "Alaska" [YT BC]: 907 "Anchorage";
    US AL "Alabama" [MS TN GA FL]: 205 "Birmingham", 251 "Mobile", 256 "Huntsville", 334 "Montgomery",
        659 "Birmingham", 938 "Huntsville";
    US AR "Arkansas" [OK MO TN MS LA TX]: 327 "Jonesboro", 479 "Fort Smith", 501 "Little Rock", 870 "Jonesboro";
    US AZ "Arizona" [CA NV UT NM]: 480 "Mesa", 520 "Tucson", 602 "Phoenix", 623 "Glendale", 928 "Flagstaff";
    US CA "California" [OR NV AZ]: 209 "Stockton", 213 "Los Angeles", 279 "Sacramento", 310 "Santa Monica",
        323 "Los Angeles", 341 "Oakland", 350 "Stockton", 369 "Santa Rosa", 408 "San Jose",
        415 "San Francisco", 424 "Santa Monica", 442 "Oceanside", 510 "Oakland", 530 "Redding", 559 "Fresno",
        562 "Long Beach", 619 "San Diego", 626 "Pasadena", 628 "San Francisco", 650 "San Mateo",
        657 "Anaheim", 661 "Bakersfield", 669 "San Jose", 707 "Santa Rosa", 714 "Anaheim", 738 "Los Angeles",
        747 "Burbank", 760 "Oceanside", 805 "Oxnard", 818 "Burbank", 820 "Oxnard", 831 "Salinas",
        840 "San Bernardino", 858 "San Diego", 909 "San Bernardino", 916 "Sacramento", 925 "Concord",
        949 "Irvine", 951 "Riverside";
    US CO "Colorado" [WY NE KS OK NM UT]: 303 "Denver", 719 "Colorado Springs", 720 "Denver", 970 "Fort Collins",
        983 "Denver";
    US CT "Connecticut" [NY MA RI]: 203 "Bridgeport", 475 "Bridgeport", 860 "Hartford", 959 "Hartford";
    US DC "District of Columbia" [MD VA]: 202 "Washington", 771 "Washington";
    US DE "Delaware" [MD PA NJ]: 302 "Wilmington";
    US FL "Florida" [AL GA]: 239 "Cape Coral", 305 "Miami", 321 "Orlando", 324 "Jacksonville", 352 "Gainesville",
        386 "Daytona Beach", 407 "Orlando", 448 "Tallahassee", 561 "West Palm Beach", 645 "Miami",
        656 "Tampa", 689 "Orlando", 727 "St. Petersburg", 728 "West Palm Beach", 754 "Fort Lauderdale",
        772 "Port St. Lucie", 786 "Miami", 813 "Tampa", 850 "Tallahassee", 863 "Lakeland", 904 "Jacksonville",
        941 "Sarasota", 954 "Fort Lauderdale";
    US GA "Georgia" [FL AL TN NC SC]: 229 "Albany", 404 "Atlanta", 470 "Atlanta", 478 "Macon", 678 "Atlanta",
        706 "Augusta", 762 "Augusta", 770 "Marietta", 912 "Savannah", 943 "Atlanta";
    US HI "Hawaii" []: 808 "Honolulu";
    US IA "Iowa" [MN WI IL MO NE SD]: 319 "Cedar Rapids", 515 "Des Moines", 563 "Davenport", 641 "Mason City",
        712 "Sioux City";
    US ID "Idaho" [WA OR NV UT WY MT]: 208 "Boise", 986 "Boise";
    US IL "Illinois" [WI IN KY MO IA]: 217 "Springfield", 224 "Elgin", 309 "Peoria", 312 "Chicago", 331 "Aurora",
        447 "Springfield", 464 "Cicero", 618 "Belleville", 630 "Aurora", 708 "Cicero", 730 "Belleville",
        773 "Chicago", 779 "Rockford", 815 "Rockford", 847 "Elgin", 861 "Peoria", 872 "Chicago";
    US IN "Indiana" [MI OH KY IL]: 219 "Gary", 260 "Fort Wayne", 317 "Indianapolis", 463 "Indianapolis",
        574 "South Bend", 765 "Lafayette", 812 "Evansville", 930 "Evansville";
    US KS "Kansas" [NE MO OK CO]: 316 "Wichita", 620 "Hutchinson", 785 "Topeka", 913 "Overland Park";
    US KY "Kentucky" [OH WV VA TN MO IL IN]: 270 "Bowling Green", 364 "Bowling Green", 502 "Louisville",
        606 "Ashland", 859 "Lexington";
    US LA "Louisiana" [TX AR MS]: 225 "Baton Rouge", 318 "Shreveport", 337 "Lafayette", 504 "New Orleans",
        985 "Houma";
    US MA "Massachusetts" [NH VT NY CT RI]: 339 "Lynn", 351 "Lowell", 413 "Springfield", 508 "Worcester",
        617 "Boston", 774 "Worcester", 781 "Lynn", 857 "Boston", 978 "Lowell";
    US MD "Maryland" [PA DE VA WV DC]: 227 "Rockville", 240 "Rockville", 301 "Rockville", 410 "Baltimore",
        443 "Baltimore", 667 "Baltimore";
    US ME "Maine" [NH NB QC]: 207 "Portland";
    US MI "Michigan" [OH IN WI ON]: 231 "Muskegon", 248 "Troy", 269 "Kalamazoo", 313 "Detroit", 517 "Lansing",
        586 "Warren", 616 "Grand Rapids", 734 "Ann Arbor", 810 "Flint", 906 "Marquette", 947 "Troy",
        989 "Saginaw";
    US MN "Minnesota" [WI IA SD ND MB ON]: 218 "Duluth", 320 "St. Cloud", 507 "Rochester", 612 "Minneapolis",
        651 "Saint Paul", 763 "Brooklyn Park", 924 "Rochester", 952 "Bloomington";
    US MO "Missouri" [IA IL KY TN AR OK KS NE]: 235 "Columbia", 314 "St. Louis", 417 "Springfield",
        557 "St. Louis", 573 "Columbia", 636 "O'Fallon", 660 "Sedalia", 816 "Kansas City", 975 "Kansas City";
    US MS "Mississippi" [TN AL LA AR]: 228 "Gulfport", 601 "Jackson", 662 "Tupelo", 769 "Jackson";
    US MT "Montana" [ND SD WY ID BC AB SK]: 406 "Billings";
    US NC "North Carolina" [VA TN GA SC]: 252 "Greenville", 336 "Greensboro", 472 "Fayetteville", 704 "Charlotte",
        743 "Greensboro", 828 "Asheville", 910 "Fayetteville", 919 "Raleigh", 980 "Charlotte", 984 "Raleigh";
    US ND "North Dakota" [MN SD MT MB SK]: 701 "Fargo";
    US NE "Nebraska" [SD IA MO KS CO WY]: 308 "Grand Island", 402 "Omaha", 531 "Omaha";
    US NH "New Hampshire" [ME MA VT QC]: 603 "Manchester";
    US NJ "New Jersey" [NY PA DE]: 201 "Jersey City", 551 "Jersey City", 609 "Trenton", 640 "Trenton",
        732 "Edison", 848 "Edison", 856 "Camden", 862 "Newark", 908 "Elizabeth", 973 "Newark";
    US NM "New Mexico" [AZ CO OK TX]: 505 "Albuquerque", 575 "Las Cruces";
    US NV "Nevada" [OR ID UT AZ CA]: 702 "Las Vegas", 725 "Las Vegas", 775 "Reno";
    US NY "New York" [NJ CT PA MA VT ON QC]: 212 "New York", 315 "Syracuse", 329 "Poughkeepsie", 332 "New York",
        347 "New York", 363 "Hempstead", 516 "Hempstead", 518 "Albany", 585 "Rochester", 607 "Binghamton",
        624 "Buffalo", 631 "Brentwood", 646 "New York", 680 "Syracuse", 716 "Buffalo", 718 "New York",
        838 "Albany", 845 "Poughkeepsie", 914 "Yonkers", 917 "New York", 929 "New York", 934 "Brentwood";
    US OH "Ohio" [PA WV KY IN MI]: 216 "Cleveland", 220 "Newark", 234 "Akron", 283 "Cincinnati", 326 "Dayton",
        330 "Akron", 380 "Columbus", 419 "Toledo", 436 "Parma", 440 "Parma", 513 "Cincinnati", 567 "Toledo",
        614 "Columbus", 740 "Newark", 937 "Dayton";
    US OK "Oklahoma" [KS MO AR TX NM CO]: 405 "Oklahoma City", 539 "Tulsa", 572 "Oklahoma City", 580 "Lawton",
        918 "Tulsa";
    US OR "Oregon" [WA ID NV CA]: 458 "Eugene", 503 "Portland", 541 "Eugene", 971 "Portland";
    US PA "Pennsylvania" [NY NJ DE MD WV OH]: 215 "Philadelphia", 223 "Lancaster", 267 "Philadelphia",
        272 "Scranton", 412 "Pittsburgh", 445 "Philadelphia", 484 "Allentown", 570 "Scranton", 582 "Erie",
        610 "Allentown", 717 "Lancaster", 724 "Greensburg", 814 "Erie", 835 "Allentown", 878 "Pittsburgh";
    US RI "Rhode Island" [CT MA]: 401 "Providence";
    US SC "South Carolina" [NC GA]: 803 "Columbia", 839 "Columbia", 843 "Charleston", 854 "Charleston",
        864 "Greenville";
    US SD "South Dakota" [ND MN IA NE WY MT]: 605 "Sioux Falls";
    US TN "Tennessee" [KY VA NC GA AL MS AR MO]: 423 "Chattanooga", 615 "Nashville", 629 "Nashville",
        731 "Jackson", 865 "Knoxville", 901 "Memphis", 931 "Clarksville";
    US TX "Texas" [NM OK AR LA]: 210 "San Antonio", 214 "Dallas", 254 "Waco", 281 "Houston", 325 "Abilene",
        346 "Houston", 361 "Corpus Christi", 409 "Beaumont", 430 "Tyler", 432 "Midland", 469 "Dallas",
        512 "Austin", 621 "Houston", 682 "Fort Worth", 713 "Houston", 726 "San Antonio", 737 "Austin",
        806 "Lubbock", 817 "Fort Worth", 830 "New Braunfels", 832 "Houston", 903 "Tyler", 915 "El Paso",
        936 "Conroe", 940 "Wichita Falls", 945 "Dallas", 956 "Laredo", 972 "Dallas", 979 "Bryan";
    US UT "Utah" [ID WY CO AZ NV]: 385 "Salt Lake City", 435 "St. George", 801 "Salt Lake City";
    US VA "Virginia" [MD DC NC TN KY WV]: 276 "Bristol", 434 "Lynchburg", 540 "Roanoke", 571 "Arlington",
        686 "Richmond", 703 "Arlington", 757 "Virginia Beach", 804 "Richmond", 826 "Roanoke",
        948 "Virginia Beach";
    US VT "Vermont" [NH MA NY QC]: 802 "Burlington";
    US WA "Washington" [OR ID BC]: 206 "Seattle", 253 "Tacoma", 360 "Vancouver", 425 "Bellevue", 509 "Spokane",
        564 "Vancouver";
    US WI "Wisconsin" [MN IA IL MI]: 262 "Kenosha", 274 "Green Bay", 353 "Madison", 414 "Milwaukee",
        534 "Eau Claire", 608 "Madison", 715 "Eau Claire", 920 "Green Bay";
    US WV "West Virginia" [OH PA MD VA KY]: 304 "Charleston", 681 "Charleston";
    US WY "Wyoming" [MT SD NE CO UT ID]: 307 "Cheyenne";
    CA AB "Alberta" [BC SK MT]: 368 "Calgary", 403 "Calgary", 587 "Calgary", 780 "Edmonton", 825 "Calgary";
    CA BC "British Columbia" [AB YT WA ID MT]: 236 "Vancouver", 250 "Victoria", 604 "Vancouver", 672 "Vancouver",
        778 "Vancouver";
    CA MB "Manitoba" [SK ON ND MN]: 204 "Winnipeg", 431 "Winnipeg", 584 "Winnipeg";
    CA NB "New Brunswick" [QC NS ME]: 428 "Moncton", 506 "Moncton";
    CA NL "Newfoundland and Labrador" [QC NS]: 709 "St. John's";
    CA NS "Nova Scotia" [NB NL]: 782 "Halifax", 902 "Halifax";
    CA ON "Ontario" [QC MB NY MI]: 226 "London", 249 "Sudbury", 289 "Mississauga", 343 "Ottawa",
        365 "Mississauga", 382 "London", 416 "Toronto", 437 "Toronto", 519 "London", 548 "London",
        613 "Ottawa", 647 "Toronto", 683 "Sudbury", 705 "Sudbury", 742 "Mississauga", 753 "Ottawa",
        807 "Thunder Bay", 905 "Mississauga";
    CA QC "Quebec" [ON NB NL VT NY]: 263 "Montreal", 354 "Laval", 367 "Quebec City", 418 "Quebec City",
        438 "Montreal", 450 "Laval", 468 "Gatineau", 514 "Montreal", 579 "Laval", 581 "Quebec City",
        819 "Gatineau", 873 "Gatineau";
    CA SK "Saskatchewan" [AB MB MT ND]: 306 "Saskatoon", 474 "Saskatoon", 639 "Saskatoon";
    CA YT "Yukon" [BC AB AK]: 867 "Whitehorse";
};
